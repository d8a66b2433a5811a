import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// One accepted connection: TLS, then HTTP for the router, or one WebSocket.
///
/// Its one task serves HTTP for the router. Polls and a WebSocket have none, their handlers live on the event loop.
struct ListenerChannel: HTTPChannelHandler {
    /// What the first request made of the connection.
    enum Outcome: Sendable {
        /// When a request for the router has come; `nil` at the end of a connection that brought none.
        case http(EventLoopFuture<RouterConnection?>)
        case webSocket
        case refused
    }

    struct RouterConnection: Sendable {
        let channel: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let caller: Caller
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let outcome: EventLoopFuture<Outcome>
    }

    let identity: ListenerIdentity
    let limits: ListenerLimits
    let route: WebSocketRoute
    let direct: DirectRoute
    let responder: HTTPChannelHandler.Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let decision = NIOLoopBoundBox<WebSocketRoute.Decision?>(nil, eventLoop: channel.eventLoop)
            let encoder = HTTPResponseEncoder()
            let httpOnly: [any RemovableChannelHandler] = [
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: headLimits)),
                RequestGuard(limits: limits, invitesBodies: true),
                ConnectionTimeouts(limits: limits),
                UpgradeFilter(route: route, decision: decision),
            ]
            let upgrade = NIOTypedHTTPServerUpgradeHandler(
                httpEncoder: encoder,
                extraHTTPHandlers: httpOnly,
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                    upgraders: [upgrader(decision)],
                    notUpgradingCompletionHandler: { continueWithHTTP(on: $0, after: decision) }
                )
            )
            // Before TLS, whose own goodbye waits for the other end.
            try pipeline.addHandler(LeavingLimit(wait: limits.leavingWait))
            try pipeline.addHandler(identity.makeHandler())
            try pipeline.addHandler(encoder)
            for handler in httpOnly { try pipeline.addHandler(handler) }
            try pipeline.addHandler(upgrade)
            return Value(channel: channel, outcome: upgrade.upgradeResultFuture)
        }
    }

    func handle(value: Value, logger: Logger) async {
        guard case .http(let later)? = try? await value.outcome.get(), let connection = try? await later.get() else {
            return
        }
        await Caller.$current.withValue(connection.caller) {
            await handleHTTP(asyncChannel: connection.channel, logger: logger)
        }
    }

    private var headLimits: NIOHTTPDecoderLimitConfiguration {
        var configuration = NIOHTTPDecoderLimitConfiguration()
        configuration.maxHeaderFieldSize = limits.headerBytes
        configuration.maxHeaderListSize = limits.headerBytes
        configuration.maxHeaderFieldCount = limits.headerFields
        return configuration
    }

    private func upgrader(
        _ decision: NIOLoopBoundBox<WebSocketRoute.Decision?>
    ) -> NIOTypedWebSocketServerUpgrader<Outcome> {
        NIOTypedWebSocketServerUpgrader(
            maxFrameSize: limits.webSocketBytes,
            enableAutomaticErrorHandling: false,
            shouldUpgrade: { [route] channel, head in
                let caller = Caller(of: channel)
                return channel.eventLoop.makeFutureWithTask { await route.decide(head, caller) }.map { answer in
                    decision.value = answer
                    if case .accept = answer { return HTTPHeaders() }
                    return nil
                }
            },
            upgradePipelineHandler: { [limits] channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard case .accept(let addHandlers)? = decision.value else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    try channel.pipeline.syncOperations.addHandler(WebSocketMessages(limits: limits))
                    try addHandlers(channel)
                    return .webSocket
                }
            }
        )
    }

    /// Runs on the event loop, when the first request is no upgrade or is one that was refused.
    private func continueWithHTTP(
        on channel: any Channel,
        after decision: NIOLoopBoundBox<WebSocketRoute.Decision?>
    ) -> EventLoopFuture<Outcome> {
        if case .refuse(let problem)? = decision.value {
            for part in problem.closingAnswer(allocator: channel.allocator, to: route.path) {
                channel.write(part, promise: nil)
            }
            channel.flush()
            channel.close(promise: nil)
            return channel.eventLoop.makeSucceededFuture(.refused)
        }
        return channel.eventLoop.makeCompletedFuture {
            let connection = channel.eventLoop.makePromise(of: RouterConnection?.self)
            channel.closeFuture.whenComplete { _ in connection.succeed(nil) }
            let caller = Caller(of: channel)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOHTTPRequestDecompressor(limit: .size(limits.bodyBytes)))
            try pipeline.addHandler(RequestGuard(limits: limits))
            try pipeline.addHandler(HTTPResponseCompressor(responseCompressionPredicate: compressionIntent))
            try pipeline.addHandler(
                DirectRequests(route: direct, caller: caller) {
                    try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: true))
                    let wrapped = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                    connection.succeed(RouterConnection(channel: wrapped, caller: caller))
                })
            return .http(connection.futureResult)
        }
    }
}

/// OpAMP answers only: what a browser is sent may hold secrets next to text an attacker chose.
private func compressionIntent(
    _ head: inout HTTPResponseHead,
    _ isSupported: Bool
) -> HTTPResponseCompressor.CompressionIntent {
    let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
    return isSupported && length >= 512 && head.headers["content-type"] == ["application/x-protobuf"]
        ? .compressIfPossible : .doNotCompress
}
