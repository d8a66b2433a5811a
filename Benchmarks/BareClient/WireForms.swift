/// RFC 6455 frames as far as a client needs them that sends whole messages.
enum WebSocketFrames {
    struct Frame {
        var opcode: UInt8
        var payload: Range<Int>
        var end: Int { payload.upperBound }
    }

    private static let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    /// A Close with code 1000.
    static var close: [UInt8] { framed([0x03, 0xE8], opcode: 8) }

    static func binary(_ message: [UInt8]) -> [UInt8] { framed(message, opcode: 2) }

    private static func framed(_ message: [UInt8], opcode: UInt8) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(message.count + 14)
        frame.append(0x80 | opcode)
        let count = message.count
        switch count {
        case ..<126: frame.append(0x80 | UInt8(count))
        case ..<65_536: frame += [0x80 | 126, UInt8(count >> 8), UInt8(count & 0xFF)]
        default: frame += [0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
        }
        frame += mask
        for (index, byte) in message.enumerated() { frame.append(byte ^ mask[index & 3]) }
        return frame
    }

    /// The first frame, if all of it is there. A server's frames are not masked.
    static func first(in bytes: ArraySlice<UInt8>) -> Frame? {
        guard bytes.count >= 2 else { return nil }
        let start = bytes.startIndex
        var header = 2
        var count = Int(bytes[start + 1] & 0x7F)
        if count >= 126 {
            let width = count == 126 ? 2 : 8
            header += width
            guard bytes.count >= header else { return nil }
            count = bytes[(start + 2)..<(start + header)].reduce(0) { $0 << 8 | Int($1) }
        }
        guard bytes.count >= header + count else { return nil }
        return Frame(opcode: bytes[start] & 0x0F, payload: (start + header)..<(start + header + count))
    }
}

/// The head of an HTTP/1.1 answer, if all of it is there.
struct HTTPAnswer {
    var status: Int
    var contentLength: Int?
    var bodyStart: Int

    init?(_ bytes: ArraySlice<UInt8>) {
        let end: [UInt8] = [13, 10, 13, 10]
        guard bytes.count >= 4 else { return nil }
        let last = bytes.endIndex - 4
        guard
            let start = (bytes.startIndex...last).first(where: { bytes[$0] == 13 && bytes[$0..<($0 + 4)] == end[...] })
        else { return nil }
        bodyStart = start + 4
        let lines = String(decoding: bytes[bytes.startIndex..<start], as: UTF8.self).split(separator: "\r\n")
        status = lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
        for line in lines.dropFirst() where line.lowercased().hasPrefix("content-length:") {
            contentLength = Int(line.dropFirst(15).filter { !$0.isWhitespace })
        }
    }
}
