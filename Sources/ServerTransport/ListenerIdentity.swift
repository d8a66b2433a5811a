package import Certificates
import NIOCore
package import NIOSSL
import Synchronization
import Vocabulary

/// The TLS face of the listener: which certificate the next handshake shows, and how it asks for the client's.
///
/// Replacing the certificate touches no open connection; each keeps the context it began with.
package final class ListenerIdentity: Sendable {
    private let current: Mutex<(context: NIOSSLContext, chain: [Certificate])>
    /// An element for every certificate that took the place of another; one reader.
    package let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    /// - Parameter chain: the listener's certificate first, then whatever a client may lack to reach a root.
    package init(chain: [Certificate], key: TLSServerKey) throws {
        current = Mutex((try Self.context(chain: chain, key: key), chain))
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// What the next handshake shows, the listener's own certificate first.
    package var chain: [Certificate] { current.withLock { $0.chain } }

    package func replace(chain: [Certificate], key: TLSServerKey) throws {
        let context = try Self.context(chain: chain, key: key)
        current.withLock { $0 = (context, chain) }
        changed.yield()
    }

    /// There will be no other certificate.
    package func close() { changed.finish() }

    /// A handler for one new connection.
    ///
    /// The callback accepts every certificate, because TLS has proved possession of its key and that is all it is
    /// asked to prove: who the caller is to us is decided for every request, where a refusal can be read. A resumed
    /// session carries the certificate of its first handshake, so it is decided like any other.
    package func makeHandler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: current.withLock { $0.context }) { _, verdict in
            verdict.succeed(.certificateVerified)
        }
    }

    private static func context(chain: [Certificate], key: TLSServerKey) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try chain.map { .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der)) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key.pem.reveal(), format: .pem))
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.certificateVerification = .optionalVerification
        configuration.trustRoots = .certificates([])
        configuration.sendCANameList = false
        configuration.renegotiationSupport = .none
        configuration.shutdownTimeout = .seconds(2)
        return try NIOSSLContext(configuration: configuration)
    }
}
