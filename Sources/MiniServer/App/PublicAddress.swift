import Synchronization
import Vocabulary

/// Under which URLs this server is reached. With port 0 they are known only once the listener is bound.
final class PublicAddress: Sendable {
    private let configured: Endpoint?
    private let host: String
    private let port: Mutex<Int>

    init(_ configuration: ServerConfiguration) {
        configured = configuration.publicEndpoint
        host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        port = Mutex(configuration.port)
    }

    func bound(to port: Int) { self.port.withLock { $0 = port } }

    /// What agents dial.
    var opampEndpoint: Endpoint {
        get throws(EndpointRefusal) {
            if let configured { return configured.over(webSocket: true) }
            return try Endpoint("wss://\(host):\(port.withLock { $0 })\(OpAMPEndpoint.path)")
        }
    }

    /// What peers and operators dial; without a path.
    var origin: Endpoint {
        get throws(EndpointRefusal) { try Endpoint("https://\(try opampEndpoint.origin)") }
    }
}
