package import NIOCore
package import NIOHTTP1

/// The one kind of request that is answered where it is read, on the event loop of its connection, without a router and
/// without a task.
package struct DirectRoute: Sendable {
    package let method: HTTPMethod
    package let path: String
    /// Called for the first such request of each connection, on its event loop.
    package let open: @Sendable (Caller) -> any DirectResponder

    package init(method: HTTPMethod, path: String, open: @escaping @Sendable (Caller) -> any DirectResponder) {
        (self.method, self.path, self.open) = (method, path, open)
    }

    func matches(_ head: HTTPRequestHead) -> Bool {
        head.method == method && head.uri.prefix { $0 != "?" } == path
    }
}

/// Answers the requests of one connection, one after the other; lives on its event loop.
package protocol DirectResponder: AnyObject {
    func answer(_ head: HTTPRequestHead, _ body: ByteBuffer, on eventLoop: any EventLoop) -> DirectAnswer
}

package enum DirectAnswer {
    case now(DirectResponse)
    case later(EventLoopFuture<DirectResponse>)
}

package enum DirectResponse: Sendable {
    case ok(type: String, ByteBuffer)
    case problem(ProblemResponse)
}

/// Takes the requests of a `DirectRoute` out of a connection's stream. For the first other request it asks for the handlers
/// that serve the rest, so that a connection of polls alone costs neither them nor a task.
///
/// One request at a time passes or is answered; what a client sends before its answer waits here.
final class DirectRequests: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case collecting(HTTPRequestHead, ByteBuffer)
        case answering
        /// Served behind this handler, until the request is read and its answer is written.
        case passing(isRead: Bool, isAnswered: Bool)
    }

    /// A body of so many bytes is worth compressing.
    private static let largeBody = 1024
    /// Parts of later requests, beyond which the connection is not read.
    private static let mostWaiting = 16

    private let route: DirectRoute
    private let caller: Caller
    /// Adds the handlers for all other requests.
    private let serveOthers: () throws -> Void
    private var responder: (any DirectResponder)?
    private var servesOthers = false
    private var state = State.idle
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var hasHeldRead = false
    private var isInputClosed = false

    init(route: DirectRoute, caller: Caller, servingOthers serveOthers: @escaping () throws -> Void) {
        (self.route, self.caller, self.serveOthers) = (route, caller, serveOthers)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        waiting.append(Self.unwrapInboundIn(data))
        takeNext(context)
    }

    private func takeNext(_ context: ChannelHandlerContext) {
        while let part = waiting.first, takes(part) {
            waiting.removeFirst()
            take(part, context)
        }
        if hasHeldRead, waiting.count < Self.mostWaiting {
            hasHeldRead = false
            context.read()
        }
    }

    /// Only the head of a request waits for the answer to the one before; everything behind it waits with it.
    private func takes(_ part: HTTPServerRequestPart) -> Bool {
        guard case .head = part else { return true }
        if case .idle = state { return true }
        return false
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), _) where route.matches(head):
            state = .collecting(head, ByteBuffer())
        case (.body(var more), .collecting(let head, var body)):
            state = .idle
            body.writeBuffer(&more)
            state = .collecting(head, body)
        case (.end, .collecting(let head, let body)): answer(head, body, context)
        case (.head, _):
            state = .passing(isRead: false, isAnswered: false)
            pass(part, context)
        case (.body, .passing): pass(part, context)
        case (.end, .passing(_, let isAnswered)):
            state = isAnswered ? .idle : .passing(isRead: true, isAnswered: false)
            pass(part, context)
        case (.body, _), (.end, _): break
        }
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if !servesOthers {
            servesOthers = true
            do {
                try serveOthers()
            } catch {
                return context.close(promise: nil)
            }
        }
        context.fireChannelRead(Self.wrapInboundOut(part))
        context.fireChannelReadComplete()
    }

    // MARK: Answers

    private func answer(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        state = .answering
        let responder = responder ?? route.open(caller)
        self.responder = responder
        switch responder.answer(head, body, on: context.eventLoop) {
        case .now(let response): write(response, to: head, of: body.readableBytes, context)
        case .later(let response):
            response.assumeIsolated().whenComplete { result in
                switch result {
                case .success(let response): self.write(response, to: head, of: body.readableBytes, context)
                case .failure: context.close(promise: nil)
                }
                self.takeNext(context)
            }
        }
    }

    /// - Parameter length: of the request's body, in bytes.
    private func write(
        _ response: DirectResponse, to head: HTTPRequestHead, of length: Int, _ context: ChannelHandlerContext
    ) {
        state = .idle
        let body: ByteBuffer
        var answer: HTTPResponseHead
        switch response {
        case .ok(let type, let bytes):
            body = bytes
            answer = HTTPResponseHead(version: head.version, status: .ok, headers: ["content-type": type])
            // Only who might have compressed is told (RFC 9110 section 12.5.3).
            if length >= Self.largeBody { answer.headers.add(name: "accept-encoding", value: "gzip") }
        case .problem(let problem):
            body = context.channel.allocator.buffer(string: problem.body(instance: route.path))
            answer = problem.head(head.version)
        }
        answer.headers.add(name: "content-length", value: String(body.readableBytes))
        let isLast = !head.isKeepAlive || isInputClosed && waiting.isEmpty
        if isLast { answer.headers.add(name: "connection", value: "close") }
        context.write(Self.wrapOutboundOut(.head(answer)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        if isLast { context.close(promise: nil) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        guard case .end = Self.unwrapOutboundIn(data), case .passing(let isRead, _) = state else { return }
        state = isRead ? .idle : .passing(isRead: false, isAnswered: true)
        // Not within the write of another handler.
        if isRead, !waiting.isEmpty {
            context.eventLoop.assumeIsolated().execute { self.takeNext(context) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { isInputClosed = true }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        if waiting.count >= Self.mostWaiting { hasHeldRead = true } else { context.read() }
    }
}
