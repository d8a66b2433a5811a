/// Reads a message's bytes without making anything of them, to refuse what must not reach the C decoder: that one has
/// no limit to its depth, takes text as it comes and cuts it at a NUL, and replaces where protobuf says merge.
struct WireScan {
    private let shapes: [MessageShape]
    private let limits: WireLimits
    private var fields = 0

    init(shapes: [MessageShape], limits: WireLimits) {
        self.shapes = shapes
        self.limits = limits
    }

    mutating func check(_ bytes: Span<UInt8>, as shape: Int) throws(WireFailure) {
        guard bytes.count <= limits.messageBytes else {
            throw .messageTooLarge(bytes: bytes.count, limit: limits.messageBytes)
        }
        try checkMessage(bytes, in: 0..<bytes.count, as: shape, depth: 1)
    }

    private mutating func checkMessage(
        _ bytes: Span<UInt8>, in range: Range<Int>, as shape: Int, depth: Int
    ) throws(WireFailure) {
        guard depth <= limits.depth else { throw .tooDeep(limit: limits.depth) }
        var cursor = WireCursor(range)
        var seen: UInt64 = 0
        while !cursor.isAtEnd {
            fields += 1
            guard fields <= limits.fields else { throw .tooManyFields(limit: limits.fields) }

            let start = cursor.offset
            let tag = try cursor.varint(in: bytes)
            guard tag >> 3 > 0, tag <= UInt64(UInt32.max) else { throw .badFieldNumber(offset: start) }
            let number = Int(tag >> 3)
            let content: Range<Int>
            switch tag & 7 {
            case 0:
                let first = cursor.offset
                _ = try cursor.varint(in: bytes)
                content = first..<cursor.offset
            case 1: content = try cursor.skip(8)
            case 2: content = try cursor.skip(try cursor.varint(in: bytes))
            case 3, 4: throw .group(offset: start)
            case 5: content = try cursor.skip(4)
            default: throw .badWireType(offset: start)
            }

            guard number < shapes[shape].fields.count, let field = shapes[shape].fields[number] else { continue }
            guard tag & 7 == field.kind.wireType else { throw .wrongWireType(field: shapes[shape].path(number)) }
            switch field.kind {
            case .varint, .fixed64, .fixed32, .bytes: break
            case .text:
                try checkText(bytes, in: content, of: shape, number)
            case .message(let inner):
                // Field numbers of the schema are small; one word remembers them all.
                let bit: UInt64 = 1 << UInt64(number)
                guard field.isRepeated || seen & bit == 0 else {
                    throw .repeatedMessage(field: shapes[shape].path(number))
                }
                seen |= bit
                try checkMessage(bytes, in: content, as: inner, depth: depth + 1)
            }
        }
    }

    private func checkText(
        _ bytes: Span<UInt8>, in range: Range<Int>, of shape: Int, _ number: Int
    ) throws(WireFailure) {
        for offset in range where bytes[offset] == 0 {
            throw .textWithNUL(field: shapes[shape].path(number))
        }
        do {
            _ = try UTF8Span(validating: bytes.extracting(range))
        } catch {
            throw .invalidUTF8(field: shapes[shape].path(number))
        }
    }
}

extension MessageShape.Kind {
    /// As a tag says it.
    var wireType: UInt64 {
        switch self {
        case .varint: 0
        case .fixed64: 1
        case .text, .bytes, .message: 2
        case .fixed32: 5
        }
    }
}
