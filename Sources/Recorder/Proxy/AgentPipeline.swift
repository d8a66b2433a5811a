import NIOCore
import NIOHTTP1
import NIOWebSocket

/// What the first request of an agent made of its connection.
enum Arrival: Sendable {
    typealias Polls = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
    typealias Frames = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    case http(AgentConnection, Polls)
    case webSocket(AgentConnection, Frames, server: Frames)
}

/// The handlers of an agent's connection behind TLS.
enum AgentPipeline {
    static func add(to channel: any Channel, _ connection: AgentConnection) throws -> EventLoopFuture<Arrival> {
        let pipeline = channel.pipeline.syncOperations
        let encoder = HTTPResponseEncoder()
        let httpOnly: [any RemovableChannelHandler] = [
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)),
            HTTPServerPipelineHandler(), HTTPServerProtocolErrorHandler(), OtherUpgrades(),
        ]
        let upgrade = NIOTypedHTTPServerUpgradeHandler(
            httpEncoder: encoder, extraHTTPHandlers: httpOnly,
            upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                upgraders: [upgrader(connection)],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture {
                        .http(connection, try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                    }
                }))
        try pipeline.addHandler(encoder)
        for handler in httpOnly { try pipeline.addHandler(handler) }
        try pipeline.addHandler(upgrade)
        return upgrade.upgradeResultFuture
    }

    /// The server decides whether there is a WebSocket: the agent is answered when it has answered.
    private static func upgrader(_ connection: AgentConnection) -> NIOTypedWebSocketServerUpgrader<Arrival> {
        NIOTypedWebSocketServerUpgrader(
            maxFrameSize: MessageRecord.mostBytes + 10,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeFutureWithTask { await connection.upgrade(head) }
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard let server = connection.takeUpgrade() else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    return .webSocket(connection, try WholeMessages.wrap(channel), server: server)
                }
            })
    }
}

/// A WebSocket whose fragments are put together.
enum WholeMessages {
    static func wrap(_ channel: any Channel) throws -> Arrival.Frames {
        try channel.pipeline.syncOperations.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 65_536,
                maxAccumulatedFrameSize: MessageRecord.mostBytes + 10))
        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }
}

/// Takes away upgrades to anything but a WebSocket, which a server may ignore (RFC 9110 section 7.8): the upgrade handler keeps
/// no request that it once looked at.
private final class OtherUpgrades: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = Self.unwrapInboundIn(data), head.headers.contains(name: "upgrade"),
            !head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" })
        else { return context.fireChannelRead(data) }
        head.headers.remove(name: "upgrade")
        context.fireChannelRead(Self.wrapInboundOut(.head(head)))
    }
}
