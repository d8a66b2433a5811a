import NIOCore
import NIOPosix

/// An HTTP proxy on 127.0.0.1 that understands CONNECT and records what it was asked.
public final class ScriptedProxy: Sendable {
    public enum Reply: Sendable {
        /// Connects to the authority asked for and pumps bytes.
        case tunnel
        /// This text instead; nothing is connected.
        case answer(String)
        case silence
    }

    public let port: Int
    private let listener: any Channel
    private let heads: Box<[String]>

    private init(listener: any Channel, heads: Box<[String]>) {
        self.listener = listener
        self.heads = heads
        port = listener.localAddress?.port ?? 0
    }

    /// The request heads so far, from the request line to the empty line.
    public var requests: [String] { heads.withLock { $0 } }

    public static func start(_ reply: Reply) async throws -> ScriptedProxy {
        let heads = Box<[String]>([])
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectHandler(reply) { head in heads.withLock { $0.append(head) } })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedProxy(listener: listener, heads: heads)
    }

    public func stop() { listener.close(promise: nil) }
}

private final class ConnectHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let reply: ScriptedProxy.Reply
    private let note: (String) -> Void
    private var head = ""
    private var isOver = false
    private var server: (any Channel)?

    init(_ reply: ScriptedProxy.Reply, note: @escaping (String) -> Void) {
        self.reply = reply
        self.note = note
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let piece = unwrapInboundIn(data)
        if let server { return server.writeAndFlush(piece, promise: nil) }
        head += String(buffer: piece)
        guard head.hasSuffix("\r\n\r\n"), !isOver else { return }
        isOver = true
        note(head)
        switch reply {
        case .silence: break
        case .answer(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .tunnel: connect(context)
        }
    }

    private func connect(_ context: ChannelHandlerContext) {
        let authority = head.split(separator: " ")[1].split(separator: ":")
        let client = context.channel
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { server in
                server.eventLoop.makeCompletedFuture {
                    try server.pipeline.syncOperations.addHandler(Pump(into: client))
                }
            }
            .connect(host: String(authority[0]), port: Int(authority[1]) ?? 0)
            .whenSuccess { server in
                bound.value.server = server
                client.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n"), promise: nil)
            }
    }

    func channelInactive(context: ChannelHandlerContext) { server?.close(promise: nil) }
}

/// Passes bytes, and the end, on.
private final class Pump: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let other: any Channel
    init(into other: any Channel) { self.other = other }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }
    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
}
