import Vocabulary

/// An HTTP proxy that is asked to `CONNECT` (RFC 9110 section 9.3.6).
public struct Proxy: Hashable, Sendable {
    /// Without brackets.
    public let host: String
    public let port: UInt16
    /// `Proxy-Authorization` among them, if the proxy wants one.
    public let connectHeaders: [HTTPHeader]

    public init(host: String, port: UInt16, connectHeaders: [HTTPHeader] = []) {
        self.host = host
        self.port = port
        self.connectHeaders = connectHeaders
    }

    /// What is sent to the proxy so that it connects to this endpoint.
    ///
    /// - Throws: `DialFailure` with cause `policy`: such headers can never be sent.
    func connectRequest(for endpoint: Endpoint) throws(DialFailure) -> [UInt8] {
        let lines = try RequestHeaders(connectHeaders, for: endpoint).text
        return Array("CONNECT \(endpoint.origin) HTTP/1.1\r\nHost: \(endpoint.origin)\r\n\(lines)\r\n".utf8)
    }
}
