@testable import OpAMPProto

/// The bytes of a message taken apart: every field of it and of the messages inside it.
struct SampleWalk {
    struct Field {
        var shape: Int
        var number: Int
        /// Tag, length and content: a message of its own in which this field alone is set.
        var alone: [UInt8]
        var content: [UInt8]
    }

    private(set) var fields: [Field] = []

    init(_ bytes: [UInt8], as shape: Int) throws {
        try walk(bytes, as: shape)
    }

    /// Where the fields of the outermost message begin, and where the last ends.
    static func boundaries(_ bytes: [UInt8]) throws -> Set<Int> {
        var cursor = WireCursor(0..<bytes.count)
        var boundaries: Set = [0]
        while !cursor.isAtEnd {
            _ = try next(&cursor, bytes)
            boundaries.insert(cursor.offset)
        }
        return boundaries
    }

    private mutating func walk(_ bytes: [UInt8], as shape: Int) throws {
        var cursor = WireCursor(0..<bytes.count)
        while !cursor.isAtEnd {
            let start = cursor.offset
            let (number, content) = try Self.next(&cursor, bytes)
            fields.append(
                Field(
                    shape: shape, number: number, alone: Array(bytes[start..<cursor.offset]),
                    content: Array(bytes[content])))
            if case .message(let inner) = SchemaShapes.all.shapes[shape].fields[number]?.kind {
                try walk(Array(bytes[content]), as: inner)
            }
        }
    }

    private static func next(
        _ cursor: inout WireCursor, _ bytes: [UInt8]
    ) throws -> (number: Int, content: Range<Int>) {
        let tag = try cursor.varint(in: bytes.span)
        let start = cursor.offset
        let content: Range<Int>
        switch tag & 7 {
        case 0:
            _ = try cursor.varint(in: bytes.span)
            content = start..<cursor.offset
        case 1: content = try cursor.skip(8)
        default: content = try cursor.skip(try cursor.varint(in: bytes.span))
        }
        return (Int(tag >> 3), content)
    }
}

/// A length-delimited field.
func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { header(number, content.count) + content }

/// What stands before `length` bytes of content.
func header(_ number: UInt8, _ length: Int) -> [UInt8] {
    var length = length
    var bytes = [number << 3 | 2]
    while length >= 0x80 {
        bytes.append(UInt8(length & 0x7F) | 0x80)
        length >>= 7
    }
    bytes.append(UInt8(length))
    return bytes
}
