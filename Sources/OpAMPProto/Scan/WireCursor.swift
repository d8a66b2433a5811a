/// Walks over bytes of the protobuf wire format, never past the end of its range.
struct WireCursor {
    private let end: Int
    private(set) var offset: Int

    init(_ range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset == end }

    /// At most ten bytes and 64 bits; padding is allowed, as in every protobuf.
    mutating func varint(in bytes: Span<UInt8>) throws(WireFailure) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = bytes[offset]
            offset += 1
            guard shift < 63 || (shift == 63 && byte <= 1) else { throw .malformedVarint(offset: start) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .truncated(offset: start)
    }

    /// Steps over `count` bytes and says where they were.
    mutating func skip(_ count: UInt64) throws(WireFailure) -> Range<Int> {
        guard count <= UInt64(end - offset) else { throw .truncated(offset: offset) }
        let start = offset
        offset += Int(count)
        return start..<offset
    }
}
