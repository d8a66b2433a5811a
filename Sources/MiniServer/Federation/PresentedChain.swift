import Certificates
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Connects to a host only to read the certificates that it presents; sends nothing and trusts none of them.
enum PresentedChain {
    /// Leaf first; empty when the host presented none that can be read.
    static func dial(host: String, port: Int) async -> [Certificate] {
        let catcher = Catcher()
        guard let context = try? NIOSSLContext(configuration: .makeClientConfiguration()) else { return [] }
        let name = host.contains(":") || host.allSatisfy({ $0.isNumber || $0 == "." }) ? nil : host
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(PeerConnections.connectDeadline)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(context: context, serverHostname: name) { chain, verdict in
                        catcher.caught(chain)
                        verdict.succeed(NIOSSLVerificationResult.failed)
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        guard let channel = try? await bootstrap.connect(host: host, port: port).get() else { return [] }
        let watchdog = channel.eventLoop.scheduleTask(in: PeerConnections.connectDeadline) {
            channel.close(promise: nil)
        }
        try? await channel.closeFuture.get()
        watchdog.cancel()
        return catcher.chain
    }

    private final class Catcher: Sendable {
        private let certificates = Mutex<[Certificate]>([])

        var chain: [Certificate] { certificates.withLock { $0 } }

        func caught(_ chain: [NIOSSLCertificate]) {
            let readable = chain.compactMap { try? Certificate(der: $0.toDERBytes()) }
            certificates.withLock { $0 = readable }
        }
    }
}
