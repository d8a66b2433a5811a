import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

/// A server on 127.0.0.1 that does what a test tells it, on another network stack than the client under test.
///
/// ```swift
/// let server = try await ScriptedServer.start(tls: .init(certificates: [leaf, ca], keyPEM: key)) { request in
///     request.path == "/v1/opamp" ? .webSocket { socket in
///         for await frame in socket.frames { if case .binary(let bytes) = frame { socket.send(bytes) } }
///     } : .answer(404)
/// }
/// defer { server.stop() }
/// ```
public final class ScriptedServer: Sendable {
    public typealias Script = @Sendable (ScriptedRequest) async -> ScriptedReply

    /// What happens to a connection before any HTTP.
    public enum Arrival: Sendable {
        case serve
        /// Accepted by the kernel, then nothing, not even TLS.
        case silent
        case close
        /// These bytes instead of TLS or HTTP, then the end.
        case raw([UInt8])
    }

    public struct TLS: Sendable {
        /// What a client's certificate has to be.
        public enum ClientCertificate: Sendable {
            case notAsked
            /// Asked for, and whatever comes is accepted; requests carry it.
            case asked
            /// Refused during the handshake unless it chains to one of these (DER).
            case required(anchors: [[UInt8]])
        }

        /// DER, leaf first.
        public var certificates: [[UInt8]]
        public var keyPEM: String
        public var clientCertificate: ClientCertificate
        public var maximumVersionIs1_2: Bool

        public init(
            certificates: [[UInt8]], keyPEM: String, clientCertificate: ClientCertificate = .asked,
            maximumVersionIs1_2: Bool = false
        ) {
            self.certificates = certificates
            self.keyPEM = keyPEM
            self.clientCertificate = clientCertificate
            self.maximumVersionIs1_2 = maximumVersionIs1_2
        }
    }

    private struct Seen {
        var requests: [ScriptedRequest] = []
        var serverNames: [String?] = []
        var connections = 0
        var open: [ObjectIdentifier: any Channel] = [:]
    }

    public let port: Int
    private let listener: any Channel
    private let seen: Box<Seen>

    private init(listener: any Channel, seen: Box<Seen>) {
        self.listener = listener
        self.seen = seen
        port = listener.localAddress?.port ?? 0
    }

    /// Requests and upgrades so far, in order of arrival.
    public var requests: [ScriptedRequest] { seen.withLock { $0.requests } }
    /// TCP connections so far.
    public var connectionCount: Int { seen.withLock { $0.connections } }
    public var openConnectionCount: Int { seen.withLock { $0.open.count } }
    /// The name each TLS client asked for (RFC 6066 section 3), `nil` where it asked for none.
    public var serverNames: [String?] { seen.withLock { $0.serverNames } }

    /// - Parameters:
    ///   - arrival: decides by the number of the connection, counted from 1.
    ///   - script: decides on each request, and on each upgrade before it is answered.
    public static func start(
        tls: TLS? = nil, host: String = "127.0.0.1",
        arrival: @escaping @Sendable (Int) -> Arrival = { _ in .serve },
        script: @escaping Script
    ) async throws -> ScriptedServer {
        let seen = Box(Seen())
        let context = try tls.map { try $0.context { name in seen.withLock { $0.serverNames.append(name) } } }
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let number = seen.withLock { seen in
                    seen.connections += 1
                    seen.open[ObjectIdentifier(channel)] = channel
                    return seen.connections
                }
                channel.closeFuture.whenComplete { _ in
                    seen.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
                }
                switch arrival(number) {
                case .serve: break
                case .silent: return channel.setOption(.autoRead, value: false)
                case .close: return channel.close()
                case .raw(let bytes):
                    channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in channel.close(promise: nil) }
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
                return channel.eventLoop.makeCompletedFuture {
                    if let tls, let context {
                        try channel.pipeline.syncOperations.addHandler(tls.handler(context))
                    }
                }.flatMap {
                    HTTPScript.install(on: channel, script: script) { request in
                        seen.withLock { $0.requests.append(request) }
                    }
                }
            }
            .bind(host: host, port: 0).get()
        return ScriptedServer(listener: listener, seen: seen)
    }

    /// Closes the listener and every connection, without ceremony.
    public func stop() {
        listener.close(promise: nil)
        for channel in seen.withLock({ Array($0.open.values) }) { channel.close(promise: nil) }
    }

    /// As `stop`, and returns when the port is free.
    public func stopAndWait() async {
        stop()
        try? await listener.closeFuture.get()
    }
}

/// `Mutex` in a box that closures can share.
final class Box<Value>: Sendable {
    private let value: Mutex<Value>
    init(_ value: sending Value) { self.value = Mutex(value) }
    func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result { value.withLock(body) }
}

extension ScriptedServer.TLS {
    func handler(_ context: NIOSSLContext) -> NIOSSLServerHandler {
        guard case .asked = clientCertificate else { return NIOSSLServerHandler(context: context) }
        return NIOSSLServerHandler(
            context: context, customVerificationCallback: { _, verdict in verdict.succeed(.certificateVerified) })
    }

    func context(noteName: @escaping @Sendable (String?) -> Void) throws -> NIOSSLContext {
        let chain = try certificates.map { NIOSSLCertificateSource.certificate(try .init(bytes: $0, format: .der)) }
        let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.applicationProtocols = ["http/1.1"]
        if maximumVersionIs1_2 { configuration.maximumTLSVersion = .tlsv12 }
        switch clientCertificate {
        case .notAsked: configuration.certificateVerification = .none
        case .asked: configuration.certificateVerification = .optionalVerification
        case .required(let anchors):
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(try anchors.map { try .init(bytes: $0, format: .der) })
        }
        configuration.sslContextCallback = { values, promise in
            noteName(values.serverHostname)
            promise.succeed(NIOSSLContextConfigurationOverride.noChanges)
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
