/// An HTTP proxy that is asked to `CONNECT` (RFC 9110 section 9.3.6). It carries bytes between the agent and a server and sees
/// neither the request nor the agent's certificate, as long as the connection to the server uses TLS.
public struct ProxySettings: Hashable, Sendable {
    /// The connection to the proxy itself uses TLS: an https proxy.
    public var isTLS: Bool
    /// Without brackets.
    public var host: String
    public var port: UInt16
    /// For the CONNECT request only, `Proxy-Authorization` among them; the server never sees them, and the proxy never
    /// sees the server's.
    public var connectHeaders: [HeaderField]

    public init(isTLS: Bool = false, host: String, port: UInt16, connectHeaders: [HeaderField] = []) {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.connectHeaders = connectHeaders
    }

    public init(address: Endpoint, connectHeaders: [HeaderField] = []) {
        self.init(isTLS: address.isTLS, host: address.host, port: address.port, connectHeaders: connectHeaders)
    }

    /// Reads an http or https URL without a path, or a bare `host:port`, which means http.
    ///
    /// - Throws: `ProxyRefusal`, before any name is resolved.
    public static func address(_ text: String) throws(ProxyRefusal) -> Endpoint {
        let address: Endpoint
        do {
            address = try Endpoint(text.has("://") ? text : "http://" + text)
        } catch {
            if error == .unknownScheme { throw .notHTTP }
            throw .badAddress(error)
        }
        guard !address.isWebSocket else { throw .notHTTP }
        guard address.path == "/" else { throw .path }
        return address
    }

    /// Host and port.
    public var origin: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// The URL, without any header.
    public var url: String { "\(isTLS ? "https" : "http")://\(origin)" }
}

/// Why a text names no proxy.
public enum ProxyRefusal: Error, Hashable, Sendable {
    case badAddress(EndpointRefusal)
    case notHTTP, path

    /// One line for an operator, without the text itself.
    public var reason: String {
        switch self {
        case .badAddress(let refusal): refusal.reason
        case .notHTTP: "a proxy is an http:// or https:// URL, or host:port; SOCKS is not supported"
        case .path: "the URL of a proxy has no path"
        }
    }
}
