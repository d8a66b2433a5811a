/// Why a text is not the JSON we accept. Offsets are in bytes.
public enum JSONRefusal: Error, Hashable, Sendable {
    case tooLarge(bytes: Int, limit: Int)
    case tooDeep(limit: Int)
    case notUTF8
    case duplicateName(String)
    case numberNotWhole(offset: Int)
    case unexpected(offset: Int)
    case truncated
}

extension JSON {
    /// Reads RFC 8259 text strictly: size and depth are bounded, a name stands once in an object, numbers are whole
    /// and fit 64 bits, a lone surrogate is refused, and nothing follows the value.
    public init(
        reading bytes: [UInt8],
        sizeLimit: Int = Limits.jsonBytes,
        depthLimit: Int = Limits.jsonDepth
    ) throws(JSONRefusal) {
        guard bytes.count <= sizeLimit else { throw .tooLarge(bytes: bytes.count, limit: sizeLimit) }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8 }
        var reader = JSONReader(bytes: bytes, depthLimit: depthLimit)
        self = try reader.document()
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    let depthLimit: Int
    var offset = 0

    mutating func document() throws(JSONRefusal) -> JSON {
        let value = try value(depth: 1)
        skipSpace()
        guard offset == bytes.count else { throw .unexpected(offset: offset) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONRefusal) -> JSON {
        guard depth <= depthLimit else { throw .tooDeep(limit: depthLimit) }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .integer(try integer())
        }
    }

    private mutating func object(depth: Int) throws(JSONRefusal) -> JSON {
        offset += 1
        var members: [JSON.Member] = []
        var names: Set<String>?
        if try skip("}") { return .object([]) }
        while true {
            skipSpace()
            let name = try string()
            guard isNew(name, in: members, &names) else { throw .duplicateName(name) }
            guard try skip(":") else { throw .unexpected(offset: offset) }
            members.append(.init(name, try value(depth: depth + 1)))
            if try skip("}") { return .object(members) }
            guard try skip(",") else { throw .unexpected(offset: offset) }
        }
    }

    /// A few names are compared one by one; a set is made for many.
    private func isNew(_ name: String, in members: [JSON.Member], _ names: inout Set<String>?) -> Bool {
        guard members.count >= 16 else { return !members.contains { $0.name == name } }
        var known = names.take() ?? Set(members.map(\.name))
        let isNew = known.insert(name).inserted
        names = known
        return isNew
    }

    private mutating func array(depth: Int) throws(JSONRefusal) -> JSON {
        offset += 1
        var values: [JSON] = []
        if try skip("]") { return .array([]) }
        while true {
            values.append(try value(depth: depth + 1))
            if try skip("]") { return .array(values) }
            guard try skip(",") else { throw .unexpected(offset: offset) }
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONRefusal) -> JSON {
        for character in text.description.utf8 {
            guard try peek() == character else { throw .unexpected(offset: offset) }
            offset += 1
        }
        return value
    }

    private mutating func integer() throws(JSONRefusal) -> Int64 {
        let start = offset
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        let digits = offset
        while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
        guard offset > digits else {
            throw offset == bytes.count ? .truncated : .unexpected(offset: offset)
        }
        guard bytes[digits] != UInt8(ascii: "0") || offset == digits + 1 else { throw .unexpected(offset: digits) }
        if offset < bytes.count, [".", "e", "E"].contains(Character(Unicode.Scalar(bytes[offset]))) {
            throw .numberNotWhole(offset: start)
        }
        guard let value = Int64(String(decoding: bytes[start..<offset], as: UTF8.self)) else {
            throw .numberNotWhole(offset: start)
        }
        return value
    }

    private mutating func string() throws(JSONRefusal) -> String {
        guard try peek() == UInt8(ascii: "\"") else { throw .unexpected(offset: offset) }
        offset += 1
        let start = offset
        while offset < bytes.count, bytes[offset] >= 0x20, bytes[offset] != UInt8(ascii: "\\") {
            offset += 1
            if bytes[offset - 1] == UInt8(ascii: "\"") {
                return String(decoding: bytes[start..<offset - 1], as: UTF8.self)
            }
        }
        var text = Array(bytes[start..<offset])
        while true {
            let character = try peek()
            offset += 1
            switch character {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escape()
            case 0..<0x20: throw .unexpected(offset: offset - 1)
            default: text.append(character)
            }
        }
    }

    private mutating func escape() throws(JSONRefusal) -> [UInt8] {
        let start = offset
        let character = try peek()
        offset += 1
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [character]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try hexUnit()
            if (0xD800..<0xDC00).contains(code) {
                guard try peek() == UInt8(ascii: "\\") else { throw .unexpected(offset: offset) }
                offset += 1
                guard try peek() == UInt8(ascii: "u") else { throw .unexpected(offset: offset) }
                offset += 1
                let low = try hexUnit()
                guard (0xDC00..<0xE000).contains(low) else { throw .unexpected(offset: start) }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw .unexpected(offset: start) }
            return Array(String(Character(scalar)).utf8)
        default: throw .unexpected(offset: start)
        }
    }

    private mutating func hexUnit() throws(JSONRefusal) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else {
                throw .unexpected(offset: offset)
            }
            code = (code << 4) | UInt32(digit)
            offset += 1
        }
        return code
    }

    private mutating func skip(_ character: Unicode.Scalar) throws(JSONRefusal) -> Bool {
        skipSpace()
        guard try peek() == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONRefusal) -> UInt8 {
        guard offset < bytes.count else { throw .truncated }
        return bytes[offset]
    }

    private func isDigit(_ character: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
    }
}
