package import Certificates
package import Hummingbird
package import NIOCore
import NIOSSL

/// Who is at the other end of a connection, as far as the connection itself can tell.
///
/// Read once, when the connection's first request has arrived; neither value can change after that.
package struct Caller: Hashable, Sendable {
    /// What the TLS handshake proved possession of.
    package enum Presented: Hashable, Sendable {
        case nothing
        case leaf(Certificate)
        /// TLS accepted it and our own reader does not; never to be treated as `nothing`.
        case unreadable
    }

    package let presented: Presented
    /// The other end's IP address without its port.
    package let address: String

    package var leaf: Certificate? {
        guard case .leaf(let certificate) = presented else { return nil }
        return certificate
    }

    package init(presented: Presented, address: String) {
        self.presented = presented
        self.address = address
    }

    /// On the channel's event loop only.
    package init(of channel: any Channel) {
        address = channel.remoteAddress?.ipAddress ?? "unknown"
        let tls = try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        guard let certificate = tls?.peerCertificate else {
            presented = .nothing
            return
        }
        if let der = try? certificate.toDERBytes(), let leaf = try? Certificate(der: der) {
            presented = .leaf(leaf)
        } else {
            presented = .unreadable
        }
    }

    /// The caller whose requests the current task serves; a connection's one task sets it.
    @TaskLocal package static var current = Caller(presented: .unreadable, address: "unknown")
}

/// What every route of this server is handed beside the request.
package struct CallerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    package let caller: Caller

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        caller = Caller.current
    }

    /// Bodies that are decoded as JSON; OpAMP bodies have their own limit.
    package var maxUploadSize: Int { 1 << 20 }
}
