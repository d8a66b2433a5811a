/// An HTTP answer as it came over the wire.
struct RawAnswer: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    subscript(name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }

    var text: String { String(decoding: body, as: UTF8.self) }

    init?(_ bytes: [UInt8]) {
        guard let end = Self.headEnd(bytes) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        self.status = status
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
            return (parts[0].lowercased(), String(value))
        }
        body = Array(bytes[end...])
    }

    static func headEnd(_ bytes: [UInt8]) -> Int? {
        bytes.count < 4 ? nil : (4...bytes.count).first { bytes[($0 - 4)..<$0].elementsEqual([13, 10, 13, 10]) }
    }

    /// Where the first answer in `bytes` ends; every answer of ours has a length.
    static func length(_ bytes: [UInt8]) -> Int? {
        guard let end = headEnd(bytes), let answer = RawAnswer(bytes) else { return nil }
        if answer.status == 101 || answer.status == 204 { return end }
        guard let length = answer["content-length"].flatMap({ Int($0) }) else { return nil }
        return bytes.count >= end + length ? end + length : nil
    }
}

extension RawClient {
    /// The next answer, or `nil` when the connection closed without one.
    func answer() async -> RawAnswer? {
        await read(RawAnswer.length).flatMap { RawAnswer($0) }
    }

    func post(
        _ path: String, _ body: [UInt8], type: String = "application/x-protobuf", headers: [String] = []
    ) async throws -> RawAnswer? {
        let lines =
            [
                "POST \(path) HTTP/1.1", "Host: localhost", "Content-Type: \(type)",
                "Content-Length: \(body.count)",
            ] + headers + ["", ""]
        try await send(Array(lines.joined(separator: "\r\n").utf8) + body)
        return await answer()
    }

    func upgrade(_ path: String = "/v1/opamp", headers: [String] = []) async throws -> RawAnswer? {
        try await send(Self.upgradeRequest(path, headers: headers))
        return await answer()
    }

    static func upgradeRequest(_ path: String = "/v1/opamp", headers: [String] = []) -> String {
        let lines =
            [
                "GET \(path) HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ] + headers + ["", ""]
        return lines.joined(separator: "\r\n")
    }
}
