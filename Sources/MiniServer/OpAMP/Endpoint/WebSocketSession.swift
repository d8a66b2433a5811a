import Logging
import NIOCore
import NIOWebSocket
import OpAMPProto
import ServerCore
import ServerTransport
import Vocabulary

/// One agent's WebSocket: messages in, one reply to each, and pushes in between. Lives on the event loop.
///
/// One message is being decided at a time. A few later ones wait here, so that a Close behind them is read, and answered,
/// at once; then the socket is not read, and an agent that sends faster than it is answered is slowed down by TCP.
final class WebSocketSession: ChannelDuplexHandler {
    typealias InboundIn = WebSocketMessage
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let session: AgentSession
    private let endpoint: OpAMPEndpoint
    private var conversation: AgentConversation

    /// 1013 of the IANA registry of close codes.
    private static let tryAgainLater = WebSocketErrorCode(codeNumber: 1013)
    private static let mostWaiting = 8
    private static let mostWaitingBytes = 64 << 10

    private var waiting = CircularBuffer<WebSocketMessage>()
    private var isBeingDecided = false
    private var hasHeldRead = false
    /// No message has arrived yet; an upgrade alone is no session.
    private var isSilent = true
    /// The answer to a sign of life, which is always the same.
    private var echo: ByteBuffer?
    /// The session may be over while the connection takes a moment longer.
    private var end = SessionEnd()

    init(_ session: AgentSession, at endpoint: OpAMPEndpoint) {
        self.session = session
        self.endpoint = endpoint
        conversation = AgentConversation(transport: .webSocket, limits: endpoint.reportLimits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        endpoint.agents.wait(WebSocketLink(session: session, eventLoop: context.eventLoop, bound: bound))
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave(.lost)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave(.lost)
    }

    func read(context: ChannelHandlerContext) {
        if isBeingDecided, isFull { hasHeldRead = true } else { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !end.hasCome else { return }
        waiting.append(Self.unwrapInboundIn(data))
        takeNext(context)
    }

    private var isFull: Bool {
        waiting.count >= Self.mostWaiting || waiting.reduce(0) { $0 + $1.size } >= Self.mostWaitingBytes
    }

    // MARK: - Conversation

    /// Also after the end of a connection: messages before it are processed, although no answer can be sent.
    private func takeNext(_ context: ChannelHandlerContext) {
        while !isBeingDecided, let message = waiting.popFirst() {
            take(message, context)
        }
        if end.hasCome { return reportEnd() }
        if !(isBeingDecided && isFull), hasHeldRead {
            hasHeldRead = false
            context.read()
        }
    }

    private func take(_ message: WebSocketMessage, _ context: ChannelHandlerContext) {
        do throws(ConversationRefusal) {
            let size = message.size
            let message = try decoded(message)
            if !isSilent, isHeard(message) { return answerSignOfLife(context) }
            var report = try conversation.hear(message, epoch: session.request.epoch, at: endpoint.now())
            report.size = size
            decide(on: report, context)
        } catch {
            if !end.hasCome { write(conversation.refusal(error), context) }
        }
    }

    /// Most messages of an agent, whose answer is known.
    private func isHeard(_ message: AgentToServer) -> Bool {
        let now = endpoint.now()
        guard conversation.isSignOfLife(message), endpoint.service.heard(from: session, at: now),
            endpoint.sighted(message, epoch: session.request.epoch, of: session, from: session.request.caller, at: now)
                == nil
        else { return false }
        conversation.hearSignOfLife(message)
        return true
    }

    private func answerSignOfLife(_ context: ChannelHandlerContext) {
        guard !end.hasCome else { return }
        if let echo { return context.writeAndFlush(Self.wrapOutboundOut(echo), promise: nil) }
        echo = write(conversation.permitted(ServerToAgent()).message, context)
    }

    private func decide(on heard: AgentReport, _ context: ChannelHandlerContext) {
        var report = heard
        report.isFollowed = !waiting.isEmpty
        report.copy = endpoint.sighted(
            report.message, epoch: report.epoch, of: session, from: session.request.caller, at: report.at)
        if isSilent {
            isSilent = false
            endpoint.agents.enter(session)
        }
        if report.isRoutine, endpoint.service.heard(from: session, at: report.at) {
            reply(.nothing, to: report, context)
            return
        }
        isBeingDecided = true
        let decided = report
        endpoint.answer(to: decided, from: session, on: context.eventLoop).assumeIsolated()
            .whenSuccess { answer in
                self.isBeingDecided = false
                self.reply(answer, to: decided, context)
                self.takeNext(context)
            }
    }

    private func decoded(_ message: WebSocketMessage) throws(ConversationRefusal) -> AgentToServer {
        guard case .binary(let bytes) = message else { throw .textMessage }
        do throws(WireFailure) {
            return try AgentToServer(decoding: FrameHeader.unframed(Array(buffer: bytes), tolerance: endpoint.frames))
        } catch {
            throw .unreadable(error)
        }
    }

    private func reply(_ answer: OpAMPAnswer, to report: AgentReport, _ context: ChannelHandlerContext) {
        guard !end.hasCome else { return }
        let permitted = conversation.reply(
            to: report, with: answer.content, freshInstanceUID: endpoint.freshInstanceUID())
        endpoint.note(permitted.withheld, from: session)
        // Every message is answered, if only with the echo of its uid.
        if write(permitted.message, context) == nil {
            write(ServerToAgent(instanceUID: permitted.message.instanceUID), context)
        }
        // The answer may have given the agent another uid.
        echo = nil
        if report.message.agentDisconnect {
            leave(.agentDisconnected)
            closeRequest(CloseRequest(.normalClosure, "goodbye"), context)
        } else if let reason = answer.dismissal {
            guard let pause = answer.pause else { return end(.dismissed(reason), context) }
            leave(.dismissed(reason))
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(pause.wholeMilliseconds)) {
                guard context.channel.isActive else { return }
                self.closeRequest(CloseRequest(Self.tryAgainLater, reason), context)
            }
        }
    }

    // MARK: - Pushes

    fileprivate func push(_ content: ServerToAgent, _ context: ChannelHandlerContext) -> Delivery {
        guard !end.hasCome else { return .notConnected }
        let permitted = conversation.permitted(content)
        if permitted.isEmpty { return .notPermitted(permitted.withheld) }
        endpoint.note(permitted.withheld, from: session)
        return write(permitted.message, context) == nil ? .unsendable : .sent(withheld: permitted.withheld)
    }

    /// What was written; `nil` for what cannot be encoded, which is logged and not sent.
    @discardableResult
    private func write(_ message: ServerToAgent, _ context: ChannelHandlerContext) -> ByteBuffer? {
        do throws(WireFailure) {
            let bytes = context.channel.allocator.buffer(bytes: FrameHeader.framed(try message.encoded()))
            context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
            return bytes
        } catch {
            endpoint.logger.error(
                "message not sent", metadata: ["agent": "\(session.agent)", "reason": "\(error.operatorMessage)"])
            return nil
        }
    }

    // MARK: - Ending

    fileprivate func end(_ ending: SessionEnding, _ context: ChannelHandlerContext) {
        leave(ending)
        switch ending {
        case .dismissed(let reason): closeRequest(CloseRequest(.policyViolation, reason), context)
        case .replaced: closeRequest(CloseRequest(.normalClosure, "replaced by a newer connection"), context)
        case .agentDisconnected, .lost, .silent: context.close(promise: nil)
        }
    }

    private func closeRequest(_ closeRequest: CloseRequest, _ context: ChannelHandlerContext) {
        context.triggerUserOutboundEvent(closeRequest, promise: nil)
    }

    private func leave(_ ending: SessionEnding) {
        guard end.come(ending) else { return }
        // A connection that was lost, or that the agent closed, takes nothing back of what came over it before.
        if ending != .lost { waiting.removeAll() }
        endpoint.agents.leave(session)
        reportEnd()
    }

    private func reportEnd() {
        if !isSilent { endpoint.closed(session, end.news(isBeingDecided: isBeingDecided || !waiting.isEmpty)) }
    }
}

extension WebSocketMessage {
    fileprivate var size: Int {
        switch self {
        case .binary(let bytes): bytes.readableBytes
        case .text: 0
        }
    }
}

/// Access to a `WebSocketSession` from any thread.
private struct WebSocketLink: AgentLink {
    let session: AgentSession
    let eventLoop: any EventLoop
    let bound: NIOLoopBound<(WebSocketSession, ChannelHandlerContext)>

    func send(_ content: ServerToAgent) async -> Delivery {
        let delivery = eventLoop.submit { [bound] in
            let (handler, context) = bound.value
            return handler.push(content, context)
        }
        return (try? await delivery.get()) ?? .notConnected
    }

    func end(_ ending: SessionEnding) {
        eventLoop.execute { [bound] in
            let (handler, context) = bound.value
            handler.end(ending, context)
        }
    }
}
