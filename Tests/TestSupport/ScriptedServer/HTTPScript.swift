import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket

/// The HTTP side of one connection: asks the script, does what it says.
final class HTTPScript: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let script: ScriptedServer.Script
    private let note: @Sendable (ScriptedRequest) -> Void
    /// The reply to an upgrade that was refused before it came here as a plain request.
    private let refusal: Box<ScriptedReply?>
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    private init(
        script: @escaping ScriptedServer.Script, note: @escaping @Sendable (ScriptedRequest) -> Void,
        refusal: Box<ScriptedReply?>
    ) {
        self.script = script
        self.note = note
        self.refusal = refusal
    }

    static func install(
        on channel: any Channel, script: @escaping ScriptedServer.Script,
        note: @escaping @Sendable (ScriptedRequest) -> Void
    ) -> EventLoopFuture<Void> {
        let refusal = Box<ScriptedReply?>(nil)
        let accepted = Box<(ScriptedRequest, @Sendable (ScriptedWebSocket) async -> Void)?>(nil)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: 1 << 24,
            shouldUpgrade: { channel, head in
                let request = ScriptedRequest(head, body: [], isUpgrade: true, on: channel)
                note(request)
                return channel.eventLoop.makeFutureWithTask {
                    let reply = await script(request)
                    guard case .webSocket(let talk) = reply else {
                        refusal.withLock { $0 = reply }
                        return nil
                    }
                    accepted.withLock { $0 = (request, talk) }
                    return HTTPHeaders()
                }
            },
            upgradePipelineHandler: { channel, _ in
                guard let (request, talk) = accepted.withLock({ $0 }) else { return channel.close() }
                let (stream, continuation) = AsyncStream.makeStream(of: ScriptedWebSocket.Frame.self)
                let socket = ScriptedWebSocket(request: request, frames: stream, channel: channel)
                return channel.pipeline.addHandler(FrameStream(continuation)).map {
                    Task {
                        await talk(socket)
                        socket.drop()
                    }
                }
            })
        return channel.eventLoop.makeCompletedFuture {
            let handler = HTTPScript(script: script, note: note, refusal: refusal)
            let handlerBox = NIOLoopBound(handler, eventLoop: channel.eventLoop)
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withServerUpgrade: (
                    upgraders: [upgrader],
                    completionHandler: { context in
                        context.pipeline.syncOperations.removeHandler(handlerBox.value, promise: nil)
                    }
                ))
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let piece): body += Array(buffer: piece)
        case .end:
            guard let head else { return }
            if let reply = refusal.withLock({ $0 }) { return perform(reply, context) }
            let request = ScriptedRequest(head, body: body, isUpgrade: false, on: context.channel)
            note(request)
            let script = self.script
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.makeFutureWithTask { await script(request) }.whenSuccess { reply in
                bound.value.0.perform(reply, bound.value.1)
            }
        }
    }

    private func perform(_ reply: ScriptedReply, _ context: ChannelHandlerContext) {
        switch reply {
        case .answer(let status, let headers, let body):
            var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status))
            for (name, value) in headers { head.headers.add(name: name, value: value) }
            if !head.headers.contains(name: "transfer-encoding") {
                head.headers.replaceOrAdd(name: "content-length", value: String(body.count))
            }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .raw(let text, let thenClose):
            // From behind the encoder, so that it is not encoded.
            let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            encoder?.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
            if thenClose { context.close(promise: nil) }
        case .dripping:
            let head = HTTPResponseHead(
                version: .http1_1, status: .ok, headers: ["transfer-encoding": "chunked"])
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            drip(context)
        case .close: context.close(promise: nil)
        case .silence, .webSocket: break
        }
    }

    private func drip(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: " ")))), promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { self.drip(context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A refused upgrade goes on as a plain request.
        if error is NIOWebSocketUpgradeError { return }
        context.close(promise: nil)
    }
}

extension ScriptedRequest {
    fileprivate init(_ head: HTTPRequestHead, body: [UInt8], isUpgrade: Bool, on channel: any Channel) {
        let certificate = try? channel.pipeline.syncOperations.nioSSL_peerCertificate()
        self.init(
            method: head.method.rawValue, path: head.uri, headers: head.headers.map { ($0.name, $0.value) },
            body: body, isUpgrade: isUpgrade, peerLeaf: certificate.flatMap { try? $0.toDERBytes() })
    }
}
