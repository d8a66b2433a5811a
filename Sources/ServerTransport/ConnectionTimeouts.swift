import NIOCore
import NIOHTTP1

/// How long an HTTP connection is waited for, and what it does when the server stops.
///
/// A wait is armed once for each thing the peer owes us and runs out however many bytes trickle in; nothing is
/// waited for while we owe the peer an answer, except that it reads.
final class ConnectionTimeouts: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: ListenerLimits
    private var wait: Scheduled<Void>?
    private var stall: Scheduled<Void>?
    private var isReadingRequest = false
    private var owedAnswers = 0
    private var isLeaving = false

    init(limits: ListenerLimits) {
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        wait = closeLater(in: limits.headWait, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        wait?.cancel()
        stall?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        wait?.cancel()
        stall?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head:
            isReadingRequest = true
            owedAnswers += 1
            rearm(context)
        case .body:
            break
        case .end:
            isReadingRequest = false
            rearm(context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = Self.unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        owedAnswers -= 1
        rearm(context)
        guard isLeaving, owedAnswers == 0 else {
            context.write(data, promise: promise)
            return
        }
        context.writeAndFlush(data, promise: promise)
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = context.channel.isWritable ? nil : closeLater(in: limits.stallWait, context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            isLeaving = true
            if owedAnswers == 0 { context.close(promise: nil) }
        case ChannelEvent.inputClosed where owedAnswers == 0:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func rearm(_ context: ChannelHandlerContext) {
        wait?.cancel()
        wait =
            if isReadingRequest {
                closeLater(in: limits.bodyWait, context)
            } else if owedAnswers == 0 {
                closeLater(in: limits.idleWait, context)
            } else {
                nil
            }
    }

    private func closeLater(in delay: TimeAmount, _ context: ChannelHandlerContext) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: delay) { context.close(promise: nil) }
    }
}
