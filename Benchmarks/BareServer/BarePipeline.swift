import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket

/// TLS, HTTP/1.1, and a WebSocket where one is asked for.
enum BarePipeline {
    static func add(to channel: any Channel, context: NIOSSLContext, store: MessageStore) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(
            NIOSSLServerHandler(context: context) { _, verdict in verdict.succeed(.certificateVerified) })
        let encoder = HTTPResponseEncoder()
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        let upgrader = NIOTypedWebSocketServerUpgrader<Void>(
            maxFrameSize: 1 << 24,
            enableAutomaticErrorHandling: false,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(MessageEcho(store: store))
                }
            })
        let upgrade = NIOTypedHTTPServerUpgradeHandler<Void>(
            httpEncoder: encoder,
            extraHTTPHandlers: [decoder],
            upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(PostEcho())
                    }
                }))
        try pipeline.addHandler(encoder)
        try pipeline.addHandler(decoder)
        try pipeline.addHandler(upgrade)
    }
}

/// Sends each WebSocket message back, the first one when it is committed.
final class MessageEcho: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let store: MessageStore
    private var isCommitted = false

    init(store: MessageStore) { self.store = store }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        switch frame.opcode {
        case .binary:
            let message = frame.unmaskedData
            guard !isCommitted else { return answer(message, context) }
            isCommitted = true
            let committed = context.eventLoop.makePromise(of: Void.self)
            store.save(Array(buffer: message), then: committed)
            committed.futureResult.assumeIsolated().whenComplete { [weak self] result in
                guard case .success = result else { return context.close(promise: nil) }
                self?.answer(message, context)
            }
        case .connectionClose:
            let reply = WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)
            context.writeAndFlush(Self.wrapOutboundOut(reply), promise: nil)
            context.close(promise: nil)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ message: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: .binary, data: message)
        context.writeAndFlush(Self.wrapOutboundOut(frame), promise: nil)
    }
}

/// Answers each POST with its own body.
final class PostEcho: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var body = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head: body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            let headers: HTTPHeaders = [
                "content-type": "application/x-protobuf", "content-length": String(body.readableBytes),
            ]
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
            context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
