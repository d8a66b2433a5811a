import NIOCore
import NIOPosix
import NIOSSL

/// An HTTP proxy on 127.0.0.1, with TLS or without, that understands CONNECT and records what it was asked and every byte that
/// a client gave it.
public final class ScriptedProxy: Sendable {
    public enum Reply: Sendable {
        /// Connects to the authority asked for and pumps bytes.
        case tunnel
        /// This text instead; nothing is connected.
        case answer(String)
        /// The end, without an answer.
        case close
        case silence
    }

    struct Seen {
        var heads: [String] = []
        var bytes: [UInt8] = []
        var leaves: [[UInt8]?] = []
        var serverNames: [String?] = []
        var open = 0
    }

    public let port: Int
    private let listener: any Channel
    private let seen: Box<Seen>

    private init(listener: any Channel, seen: Box<Seen>) {
        self.listener = listener
        self.seen = seen
        port = listener.localAddress?.port ?? 0
    }

    /// The request heads so far, from the request line to the empty line.
    public var requests: [String] { seen.withLock { $0.heads } }
    /// Everything that clients sent, request heads and tunnels, with the proxy's own TLS removed.
    public var received: [UInt8] { seen.withLock { $0.bytes } }
    /// The leaf that each client presented to the proxy, DER; `nil` where it presented none.
    public var leaves: [[UInt8]?] { seen.withLock { $0.leaves } }
    /// The name each TLS client asked for.
    public var serverNames: [String?] { seen.withLock { $0.serverNames } }
    public var openConnectionCount: Int { seen.withLock { $0.open } }

    public static func start(_ reply: Reply, tls: ScriptedServer.TLS? = nil) async throws -> ScriptedProxy {
        let seen = Box(Seen())
        let context = try tls.map { try $0.context { name in seen.withLock { $0.serverNames.append(name) } } }
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                seen.withLock { $0.open += 1 }
                channel.closeFuture.whenComplete { _ in seen.withLock { $0.open -= 1 } }
                return channel.eventLoop.makeCompletedFuture {
                    if let tls, let context {
                        try channel.pipeline.syncOperations.addHandler(tls.handler(context))
                    }
                    try channel.pipeline.syncOperations.addHandler(ConnectHandler(reply, seen))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedProxy(listener: listener, seen: seen)
    }

    public func stop() { listener.close(promise: nil) }
}

private final class ConnectHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let reply: ScriptedProxy.Reply
    private let seen: Box<ScriptedProxy.Seen>
    private var head = ""
    private var isOver = false
    private var server: (any Channel)?

    init(_ reply: ScriptedProxy.Reply, _ seen: Box<ScriptedProxy.Seen>) {
        self.reply = reply
        self.seen = seen
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let piece = unwrapInboundIn(data)
        let bytes = Array(buffer: piece)
        seen.withLock { $0.bytes += bytes }
        if let server { return server.writeAndFlush(piece, promise: nil) }
        head += String(buffer: piece)
        guard head.hasSuffix("\r\n\r\n"), !isOver else { return }
        isOver = true
        let head = self.head
        let leaf = try? context.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes()
        seen.withLock { seen in
            seen.heads.append(head)
            seen.leaves.append(leaf)
        }
        switch reply {
        case .silence: break
        case .answer(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .close: context.close(promise: nil)
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
            .whenComplete { result in
                switch result {
                case .success(let server):
                    bound.value.server = server
                    client.writeAndFlush(
                        ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n"), promise: nil)
                case .failure:
                    client.writeAndFlush(
                        ByteBuffer(string: "HTTP/1.1 503 Service Unavailable\r\n\r\n"), promise: nil)
                }
            }
    }

    func channelInactive(context: ChannelHandlerContext) { server?.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
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
