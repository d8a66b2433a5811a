import Synchronization
import Vocabulary

/// Under which URLs this server is reached. With port 0 they are known only once the listener is bound.
final class PublicAddress: Sendable {
    let listen: ListenAddress
    private let port: Mutex<Int>

    init(_ listen: ListenAddress) {
        self.listen = listen
        port = Mutex(listen.port)
    }

    func bound(to port: Int) { self.port.withLock { $0 = port } }

    /// What agents dial.
    var opampEndpoint: Endpoint {
        get throws(EndpointRefusal) {
            if let configured = listen.publicEndpoint { return configured.over(webSocket: true) }
            return try endpoint("wss", listen.publicHost, OpAMPEndpoint.path)
        }
    }

    /// What peers and operators dial; without a path.
    var origin: Endpoint {
        get throws(EndpointRefusal) { try Endpoint("https://\(try opampEndpoint.origin)") }
    }

    /// What a client on this machine dials, if this is the host that it can verify; without a path.
    func local(host: String) throws(EndpointRefusal) -> Endpoint {
        host == listen.localHost ? try endpoint("https", host, "") : try origin
    }

    private func endpoint(_ scheme: String, _ host: String, _ path: String) throws(EndpointRefusal) -> Endpoint {
        try Endpoint("\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port.withLock { $0 })\(path)")
    }
}
