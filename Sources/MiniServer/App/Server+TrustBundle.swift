import Certificates
import HandoverToken
import ServerTransport

extension Server {
    /// PEM of the CAs that vouch for the listener, for clients on the same machine.
    ///
    /// - Throws: `EndpointRefusal` before the port is known, `AuthorityFailure` without an Active key.
    package var trustBundle: String {
        get throws {
            try context.authority.trustStatement(
                version: 1, listeners: [context.listener.chain], endpoint: try context.address.opampEndpoint,
                at: context.now()
            ).serverCAs.pem
        }
    }
}
