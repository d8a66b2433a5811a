import Vocabulary

/// One POST as it goes out, head and body.
struct HTTPRequest {
    let bytes: [UInt8]
    let isCompressed: Bool

    /// About the body; nobody else's would be true.
    private static let ownNames: Set<String> = ["content-type", "content-encoding", "accept-encoding"]

    /// - Parameter maySendGzip: whether the server reads it.
    /// - Throws: `DialFailure` with cause `policy`: it can never be sent.
    init(
        _ body: [UInt8], headers: [HeaderField], maySendGzip: Bool, for settings: DialSettings
    ) throws(DialFailure) {
        guard body.count <= settings.sendLimit else {
            throw DialFailure(.policy, "the message is longer than \(settings.sendLimit) bytes")
        }
        let endpoint = settings.endpoint
        let others = (settings.headers + headers).filter { !Self.ownNames.contains($0.name.lowercased()) }
        let lines = try RequestHeaders(others, for: endpoint).text
        let compressed = maySendGzip && body.count >= Gzip.threshold ? Gzip.compressed(body) : nil
        let content = compressed ?? body
        isCompressed = compressed != nil
        let head =
            "POST \(endpoint.path) HTTP/1.1\r\nHost: \(endpoint.hostHeader)\r\n\(lines)"
            + "Content-Type: application/x-protobuf\r\n\(isCompressed ? "Content-Encoding: gzip\r\n" : "")"
            + "Accept-Encoding: gzip\r\nContent-Length: \(content.count)\r\n\r\n"
        bytes = Array(head.utf8) + content
    }
}
