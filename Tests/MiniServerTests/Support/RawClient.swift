import Certificates
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization
import TestPKI
import Vocabulary

/// A TLS connection as bytes: whatever a hostile or honest peer can send, it can.
final class RawClient: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    static func connect(
        to port: Int, as identity: TestIdentity? = nil, trusting authority: Certificate,
        configure: (inout TLSConfiguration) -> Void = { _ in }
    ) async throws -> RawClient {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([try NIOSSLCertificate(bytes: authority.der, format: .der)])
        if let identity {
            configuration.certificateChain = [
                .certificate(try NIOSSLCertificate(bytes: identity.certificate.der, format: .der))
            ]
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: identity.key.pem.reveal(), format: .pem))
        }
        configure(&configuration)
        let context = try NIOSSLContext(configuration: configuration)
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try NIOSSLClientHandler(context: context, serverHostname: nil)
                    try channel.pipeline.syncOperations.addHandlers([tls, InboxHandler(inbox)])
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel: channel, inbox: inbox)
    }

    /// A connection that never becomes TLS.
    static func connectPlainly(to port: Int) async throws -> RawClient {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel: channel, inbox: inbox)
    }

    private init(channel: any Channel, inbox: Inbox) {
        (self.channel, self.inbox) = (channel, inbox)
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// Stops taking bytes from the kernel, as a peer does that hangs.
    func stopReading() async throws {
        try await channel.setOption(.autoRead, value: false).get()
    }

    func close() async {
        try? await channel.close().get()
    }

    /// Everything until the other end closes.
    func readToEnd() async -> [UInt8] {
        await inbox.take { bytes, isClosed in isClosed ? bytes.count : nil } ?? []
    }

    /// Bytes up to where `length` says a thing ends, or `nil` when the connection closes first.
    func read(_ length: @escaping @Sendable ([UInt8]) -> Int?) async -> [UInt8]? {
        await inbox.take { bytes, _ in length(bytes) }
    }

    /// What ALPN settled on; known once anything has been read.
    var negotiatedProtocol: String? { inbox.negotiatedProtocol }

    func serverCertificate() async throws -> Certificate? {
        let der = try await channel.pipeline.handler(type: NIOSSLClientHandler.self)
            .map { handler in try? handler.peerCertificate?.toDERBytes() }.get()
        return try der.map { der throws in try Certificate(der: der) }
    }

}

/// Bytes received and not yet read.
final class Inbox: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
        var negotiatedProtocol: String?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var negotiatedProtocol: String? { state.withLock { $0.negotiatedProtocol } }

    func note(_ bytes: [UInt8]) { change { $0.bytes += bytes } }
    func note(negotiatedProtocol: String?) { change { $0.negotiatedProtocol = negotiatedProtocol } }
    func noteClosed() { change { $0.isClosed = true } }

    private func change(_ body: (inout State) -> Void) {
        let waiting = state.withLock { state in
            body(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func take(_ length: ([UInt8], Bool) -> Int?) async -> [UInt8]? {
        while true {
            enum Look { case found([UInt8]), over, wait }
            let look: Look = state.withLock { state in
                if let count = length(state.bytes, state.isClosed) {
                    defer { state.bytes.removeFirst(count) }
                    return .found(Array(state.bytes.prefix(count)))
                }
                return state.isClosed ? .over : .wait
            }
            switch look {
            case .found(let bytes): return bytes
            case .over: return nil
            case .wait: await changed(since: length)
            }
        }
    }

    private func changed(since length: ([UInt8], Bool) -> Int?) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isClosed || length(state.bytes, false) != nil { return true }
                state.waiting.append(continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}

private final class InboxHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: Inbox

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inbox.note(Array(buffer: Self.unwrapInboundIn(data)))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent {
            inbox.note(negotiatedProtocol: negotiated)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { inbox.noteClosed() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
