import OpAMPProto

/// One WebSocket frame as the server sent it.
struct RawFrame: Sendable {
    let first: UInt8
    let payload: [UInt8]

    var opcode: UInt8 { first & 0x0F }
    /// The code of a Close frame.
    var closeCode: Int? { opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
    var closeReason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }

    /// Where the first frame in `bytes` has its payload.
    static func payload(_ bytes: [UInt8]) -> Range<Int>? {
        guard bytes.count >= 2 else { return nil }
        let extra = bytes[1] == 126 ? 2 : bytes[1] == 127 ? 8 : 0
        guard bytes.count >= 2 + extra else { return nil }
        let length = extra == 0 ? Int(bytes[1]) : bytes[2..<(2 + extra)].reduce(0) { $0 << 8 | Int($1) }
        let range = (2 + extra)..<(2 + extra + length)
        return bytes.count >= range.upperBound ? range : nil
    }

    /// A frame as a client sends it, or as it must not when `isMasked` is false.
    static func bytes(_ first: UInt8, _ payload: [UInt8], isMasked: Bool = true) -> [UInt8] {
        let bit: UInt8 = isMasked ? 0x80 : 0
        let header: [UInt8] =
            switch payload.count {
            case ..<126: [first, bit | UInt8(payload.count)]
            case ..<65536: [first, bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
            default:
                [first, bit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
            }
        let mask: [UInt8] = [1, 2, 3, 4]
        return isMasked ? header + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] } : header + payload
    }
}

extension RawClient {
    func frame() async -> RawFrame? {
        await read { RawFrame.payload($0)?.upperBound }.flatMap { bytes in
            RawFrame.payload(bytes).map { RawFrame(first: bytes[0], payload: Array(bytes[$0])) }
        }
    }

    /// The next message of the server, control frames left aside.
    func message() async throws -> ServerToAgent? {
        while let frame = await frame() {
            guard frame.opcode == 2 else { continue }
            return try ServerToAgent(decoding: FrameHeader.unframed(frame.payload))
        }
        return nil
    }

    func send(_ message: AgentToServer) async throws {
        try await send(RawFrame.bytes(0x82, FrameHeader.framed(try message.encoded())))
    }

    /// One message and the reply to it.
    func exchange(_ message: AgentToServer) async throws -> ServerToAgent? {
        try await send(message)
        return try await self.message()
    }

    func poll(_ message: AgentToServer, headers: [String] = []) async throws -> ServerToAgent? {
        let answer = try await post("/v1/opamp", try message.encoded(), headers: headers)
        return try answer.map { answer throws in try ServerToAgent(decoding: answer.body) }
    }
}
