import Vocabulary

extension ProxySettings {
    /// What is sent to the proxy so that it connects to this endpoint.
    ///
    /// - Throws: `DialFailure` with cause `policy`: such headers can never be sent.
    func connectRequest(for endpoint: Endpoint) throws(DialFailure) -> [UInt8] {
        let lines = try RequestHeaders(connectHeaders, for: endpoint).text
        return Array("CONNECT \(endpoint.origin) HTTP/1.1\r\nHost: \(endpoint.origin)\r\n\(lines)\r\n".utf8)
    }
}
