import Vocabulary

/// An HTTP proxy that is asked to `CONNECT` (RFC 9110 section 9.3.6).
public struct Proxy: Hashable, Sendable {
    public let host: String
    public let port: UInt16
    public let connectHeaders: [HTTPHeader]
    /// The value of `Proxy-Authorization` made from the URL's user and password.
    let authorization: Secret?

    /// Reads `http://host:port`, `http://user:password@host:port` and the bare `host:port`. The port defaults to 80.
    public init(url: String, connectHeaders: [HTTPHeader] = []) throws(ProxyRefusal) {
        var rest = Substring(url)
        if let mark = url.firstRange(of: "://") {
            guard url[..<mark.lowerBound].lowercased() == "http" else { throw .schemeNotSupported }
            rest = url[mark.upperBound...]
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        var credentials: String?
        if let at = rest.lastIndex(of: "@") {
            guard let decoded = percentDecoded(rest[..<at]) else { throw .malformed }
            credentials = decoded
            rest = rest[rest.index(after: at)...]
        }
        let endpoint: Endpoint
        do { endpoint = try Endpoint("http://\(rest)") } catch { throw .malformed }
        guard endpoint.path == "/" else { throw .malformed }
        self.host = endpoint.host
        self.port = endpoint.port
        self.connectHeaders = connectHeaders
        self.authorization = credentials.map { Secret("Basic \(Base64.encode($0.utf8))") }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(host)
        hasher.combine(port)
        hasher.combine(connectHeaders)
    }
}

public enum ProxyRefusal: Error, Hashable, Sendable {
    case malformed
    /// TLS to the proxy itself is not supported.
    case schemeNotSupported

    /// One line for an operator, without the URL itself.
    public var reason: String {
        switch self {
        case .malformed: "the proxy is not http://host:port or host:port"
        case .schemeNotSupported: "the proxy's scheme is not http"
        }
    }
}

extension Proxy {
    /// What is sent to the proxy so that it connects to this endpoint.
    ///
    /// - Throws: `DialFailure` with cause `policy`: such headers can never be sent.
    func connectRequest(for endpoint: Endpoint) throws(DialFailure) -> [UInt8] {
        var headers = connectHeaders
        let named = headers.contains { $0.name.lowercased() == "proxy-authorization" }
        if let authorization, !named { headers.append(HTTPHeader("Proxy-Authorization", authorization.revealText())) }
        let lines = try RequestHeaders(headers, for: endpoint).text
        return Array("CONNECT \(endpoint.origin) HTTP/1.1\r\nHost: \(endpoint.origin)\r\n\(lines)\r\n".utf8)
    }
}

private func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let digits = String(rest.prefix(2)), let value = UInt8(digits, radix: 16), rest.count >= 2 else {
            return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
}
