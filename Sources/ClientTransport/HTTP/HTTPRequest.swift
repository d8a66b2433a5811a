import Vocabulary

/// One POST as it goes out, head and body.
struct HTTPRequest {
    let bytes: [UInt8]

    /// - Throws: `DialFailure` with cause `policy`: it can never be sent.
    init(_ body: [UInt8], headers: [HeaderField], for settings: DialSettings) throws(DialFailure) {
        guard body.count <= settings.sendLimit else {
            throw DialFailure(.policy, "the message is longer than \(settings.sendLimit) bytes")
        }
        let endpoint = settings.endpoint
        let lines = try RequestHeaders(settings.headers + headers, for: endpoint).text
        let head =
            "POST \(endpoint.path) HTTP/1.1\r\nHost: \(endpoint.hostHeader)\r\n\(lines)"
            + "Content-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
        bytes = Array(head.utf8) + body
    }
}
