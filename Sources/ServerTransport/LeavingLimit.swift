import NIOCore

/// Cuts a connection off some time after the server began to stop.
///
/// Every other wait of a connection may run longer than that: for a body, for a reader, for an answer that a handler is
/// working on, for the other end's part of a close.
final class LeavingLimit: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let wait: TimeAmount
    private var end: Scheduled<Void>?

    init(wait: TimeAmount) {
        self.wait = wait
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, end == nil {
            end = context.eventLoop.assumeIsolated().scheduleTask(in: wait) { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end?.cancel()
        context.fireChannelInactive()
    }
}
