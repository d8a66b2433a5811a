package import NIOCore
package import NIOWebSocket

/// A whole message from the other end of a WebSocket.
package enum WebSocketMessage {
    case binary(ByteBuffer)
    /// Its content is of no interest to a binary protocol.
    case text
}

/// Asks for the closing handshake; triggered as an outbound event.
package struct CloseRequest: Sendable {
    package var code: WebSocketErrorCode
    package var reason: String

    package init(_ code: WebSocketErrorCode, _ reason: String) {
        self.code = code
        // A control frame carries 125 bytes, two of them the code (RFC 6455 section 5.5).
        self.reason = String(decoding: reason.utf8.prefix(120), as: UTF8.self)
    }
}

/// RFC 6455 for the server: frames to whole messages, and the reverse.
///
/// This handler processes masks, fragments, control frames and the closing handshake, and the timeouts for a client
/// that is silent or does not read. Later handlers see no message after a close has begun.
final class WebSocketMessages: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketMessage
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    private let limits: ListenerLimits
    private var assembly: Assembly?
    private var isClosing = false
    private var unsentBytes = 0
    private var hasHeldRead = false
    /// Whether what the peer says would be read now; while not, its silence is ours.
    private var isListening = false
    private var lastHeard = NIODeadline.now()
    private var hasHeardMessage = false
    /// Since it was last heard.
    private var isPinged = false
    private var checkup: Scheduled<Void>?
    private var stall: Scheduled<Void>?

    private struct Assembly {
        var isText: Bool
        var bytes: ByteBuffer
        var frames = 1
    }

    init(limits: ListenerLimits) {
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        checkup = later(limits.firstMessageWait, context) { handler in
            handler.close(.policyViolation, "no message came", context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        checkup?.cancel()
        stall?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        checkup?.cancel()
        stall?.cancel()
        context.fireChannelInactive()
    }

    // MARK: - Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        lastHeard = .now()
        isPinged = false
        guard frame.maskKey != nil else { return close(.protocolError, "a client's frames are masked", context) }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return close(.protocolError, "no extension was agreed on", context)
        }
        if frame.opcode == .connectionClose { return answerClose(frame.unmaskedData, context) }
        guard !isClosing else { return }
        switch frame.opcode {
        case .binary, .text: begin(frame, context)
        case .continuation: resume(frame, context)
        case .ping: send(.pong, frame.unmaskedData, context)
        case .pong: break
        default: close(.protocolError, "reserved opcode", context)
        }
    }

    private func begin(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        guard assembly == nil else {
            return close(.protocolError, "a new message inside a fragmented one", context)
        }
        let first = Assembly(isText: frame.opcode == .text, bytes: frame.unmaskedData)
        if frame.fin { deliver(first, context) } else { assembly = first }
    }

    private func resume(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        guard var whole = assembly else { return close(.protocolError, "nothing to continue", context) }
        assembly = nil
        guard whole.bytes.readableBytes + frame.length <= limits.webSocketBytes, whole.frames < limits.fragments else {
            return close(.messageTooLarge, "message too large", context)
        }
        var part = frame.unmaskedData
        whole.bytes.writeBuffer(&part)
        whole.frames += 1
        if frame.fin { deliver(whole, context) } else { assembly = whole }
    }

    private func deliver(_ message: Assembly, _ context: ChannelHandlerContext) {
        if !hasHeardMessage {
            hasHeardMessage = true
            checkup?.cancel()
            checkup = later(limits.pingAfter, context) { handler in handler.checkSilence(context) }
        }
        context.fireChannelRead(Self.wrapInboundOut(message.isText ? .text : .binary(message.bytes)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength: close(.messageTooLarge, "message too large", context)
        case is NIOWebSocketError: close(.protocolError, "malformed control frame", context)
        default: context.close(promise: nil)
        }
    }

    // MARK: - Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let message = Self.unwrapOutboundIn(data)
        guard !isClosing else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        unsentBytes += message.readableBytes
        guard unsentBytes <= limits.unsentBytes else {
            promise?.fail(ChannelError.outputClosed)
            context.close(promise: nil)
            return
        }
        let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { [weak self] _ in self?.unsentBytes -= message.readableBytes }
        context.write(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .binary, data: message)), promise: sent)
    }

    /// A peer that does not read is not read either.
    func read(context: ChannelHandlerContext) {
        guard context.channel.isWritable || isClosing else {
            hasHeldRead = true
            return
        }
        isListening = true
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isListening = false
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        if !context.channel.isWritable {
            stall = later(limits.stallWait, context) { _ in context.close(promise: nil) }
        } else if hasHeldRead {
            hasHeldRead = false
            read(context: context)
        }
        context.fireChannelWritabilityChanged()
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: data)), promise: nil)
    }

    // MARK: - Closing

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let closeRequest = event as? CloseRequest else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        close(closeRequest.code, closeRequest.reason, context)
        promise?.succeed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: close(.goingAway, "the server is stopping", context)
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func close(_ code: WebSocketErrorCode, _ reason: String, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        assembly = nil
        checkup?.cancel()
        var data = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        send(.connectionClose, data, context)
        checkup = later(limits.closeTimeout, context) { _ in context.close(promise: nil) }
        if hasHeldRead { context.read() }
    }

    private func answerClose(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        guard !isClosing else {
            context.close(promise: nil)
            return
        }
        isClosing = true
        var echo = context.channel.allocator.buffer(capacity: 2)
        echo.write(webSocketErrorCode: Self.answer(toClose: data))
        send(.connectionClose, echo, context)
        context.close(promise: nil)
    }

    /// The code to echo, or the one that says what was wrong with theirs (RFC 6455 sections 5.5.1 and 7.4).
    private static func answer(toClose data: ByteBuffer) -> WebSocketErrorCode {
        var data = data
        guard data.readableBytes > 0 else { return .normalClosure }
        guard let number = data.readInteger(as: UInt16.self) else { return .protocolError }
        switch number {
        case 1000...1003, 1007...1014, 3000...4999:
            let isText = String(validating: data.readableBytesView, as: UTF8.self) != nil
            return isText ? WebSocketErrorCode(codeNumber: Int(number)) : .dataInconsistentWithMessage
        default:
            return .protocolError
        }
    }

    // MARK: - Patience

    private func checkSilence(_ context: ChannelHandlerContext) {
        if !isListening { lastHeard = .now() }
        let silence = NIODeadline.now() - lastHeard
        if isPinged, silence >= limits.silenceLimit {
            context.close(promise: nil)
            return
        }
        if silence >= limits.pingAfter {
            isPinged = true
            send(.ping, context.channel.allocator.buffer(capacity: 0), context)
        }
        checkup = later(limits.pingAfter, context) { handler in handler.checkSilence(context) }
    }

    private func later(
        _ delay: TimeAmount,
        _ context: ChannelHandlerContext,
        _ body: @escaping (WebSocketMessages) -> Void
    ) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            if let self { body(self) }
        }
    }
}
