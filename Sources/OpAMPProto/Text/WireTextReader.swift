import Vocabulary

/// Walks over one message and writes down what it finds.
struct WireTextReader {
    let bytes: [UInt8]
    let shapes: [MessageShape]
    let limits: WireLimits
    let showsSecrets: Bool
    private(set) var hasSecrets = false
    private(set) var strangeFields = 0
    private var fields = 0

    init(bytes: [UInt8], shapes: [MessageShape], limits: WireLimits, showsSecrets: Bool) {
        (self.bytes, self.shapes, self.limits, self.showsSecrets) = (bytes, shapes, limits, showsSecrets)
    }

    /// Fields that are secrets whatever they say.
    private static let secrets: Set<String> = [
        "Header.value", "TLSCertificate.private_key", "OtherSettingsEntry.value",
    ]
    /// Bytes that are text, as a rule.
    private static let texts: Set<String> = [
        "AgentConfigFile.body", "CertificateRequest.csr", "CustomMessage.data", "TLSCertificate.ca_cert",
        "TLSCertificate.cert", "TLSCertificate.private_key",
    ]
    private static let instanceUIDs: Set<String> = [
        "AgentIdentification.new_instance_uid", "AgentToServer.instance_uid", "ServerToAgent.instance_uid",
    ]

    /// One field as it was found; the content of what has a length is without it.
    private struct Found {
        var number: Int
        var wireType: UInt64
        var content: Range<Int>
        var value: UInt64 = 0
    }

    mutating func message(in range: Range<Int>, as place: Int, depth: Int) -> JSON {
        let shape = shapes[place]
        var members = Members()
        var cursor = WireCursor(range)
        while !cursor.isAtEnd, depth <= limits.depth, fields < limits.fields, let found = next(&cursor) {
            fields += 1
            guard found.number < shape.fields.count, let field = shape.fields[found.number],
                field.kind.wireType == found.wireType
            else {
                strangeFields += 1
                members.add("#\(found.number)", unknown(found), isList: false)
                continue
            }
            let name = shape.fieldNames[found.number]
            if case .message(let inner) = field.kind {
                let value = message(in: found.content, as: inner, depth: depth + 1)
                if shapes[inner].isMapEntry {
                    members.put(name, entry: value)
                } else {
                    members.add(name, value, isList: field.isRepeated)
                }
            } else {
                let value = scalar(found, field, at: shape.path(found.number))
                members.add(name, value, isList: field.isRepeated)
            }
        }
        return members.json
    }

    /// Nothing where the rest cannot be read.
    private func next(_ cursor: inout WireCursor) -> Found? {
        do throws(WireFailure) {
            let tag = try cursor.varint(in: bytes.span)
            guard tag >> 3 > 0, tag <= UInt64(UInt32.max) else { return nil }
            let start = cursor.offset
            var found = Found(number: Int(tag >> 3), wireType: tag & 7, content: start..<start)
            switch tag & 7 {
            case 0: found.value = try cursor.varint(in: bytes.span)
            case 1: found.content = try cursor.skip(8)
            case 2: found.content = try cursor.skip(try cursor.varint(in: bytes.span))
            case 5: found.content = try cursor.skip(4)
            default: return nil
            }
            if tag & 7 != 0, tag & 7 != 2 {
                found.value = bytes[found.content].reversed().reduce(0) { ($0 << 8) | UInt64($1) }
            }
            return found
        } catch {
            return nil
        }
    }

    private mutating func scalar(_ found: Found, _ field: MessageShape.Field, at path: String) -> JSON {
        switch field.kind {
        case .varint, .fixed64, .fixed32: return Self.number(found.value, field.number)
        case .text, .bytes, .message: break
        }
        let content = bytes[found.content]
        if Self.secrets.contains(path), !content.isEmpty {
            hasSecrets = true
            guard showsSecrets else { return .string(SecretText.mask) }
        }
        if case .text = field.kind { return .string(shown(String(decoding: content, as: UTF8.self))) }
        if Self.texts.contains(path), let text = Self.text(content) { return .string(shown(text)) }
        if Self.instanceUIDs.contains(path), let uid = InstanceUID(bytes: Array(content)) { return .string("\(uid)") }
        return .string(hexadecimal(content))
    }

    private mutating func unknown(_ found: Found) -> JSON {
        switch found.wireType {
        case 0: return Self.number(found.value, .unsigned)
        case 2:
            let content = bytes[found.content]
            return .string(Self.text(content).map { shown($0) } ?? hexadecimal(content))
        default: return .string(Hex.encode(bytes[found.content]))
        }
    }

    private static func number(_ value: UInt64, _ meaning: MessageShape.Number) -> JSON {
        switch meaning {
        case .unsigned: return Int64(exactly: value).map { .integer($0) } ?? .string("\(value)")
        case .signed: return .integer(Int64(bitPattern: value))
        case .flag: return .bool(value != 0)
        case .double: return .string("\(Double(bitPattern: value))")
        case .word(let names): return .string(names[value] ?? "#\(value)")
        case .bits(let names):
            let bits = (0..<64).map { UInt64(1) << $0 }.filter { value & $0 != 0 }
            return .array(bits.map { .string(names[$0] ?? "#0x\(String($0, radix: 16))") })
        }
    }

    private mutating func shown(_ text: String) -> String {
        let masked = SecretText.masked(text)
        if masked != text { hasSecrets = true }
        return showsSecrets ? text : masked
    }

    /// Text inside of bytes is a secret in any form.
    private mutating func hexadecimal(_ content: ArraySlice<UInt8>) -> String {
        let text = String(decoding: content, as: UTF8.self)
        if SecretText.masked(text) != text {
            hasSecrets = true
            if !showsSecrets { return SecretText.mask }
        }
        return Hex.encode(content)
    }

    private static func text(_ content: ArraySlice<UInt8>) -> String? {
        guard let text = String(validating: content, as: UTF8.self) else { return nil }
        let isText = text.unicodeScalars.allSatisfy { $0.isPrintable || $0 == "\n" || $0 == "\r" || $0 == "\t" }
        return isText ? text : nil
    }
}

/// The fields of one message in the order in which they first stood.
private struct Members {
    private var order: [String] = []
    private var values: [String: [JSON]] = [:]
    private var lists: Set<String> = []
    private var maps: [String: [JSON.Member]] = [:]

    mutating func add(_ name: String, _ value: JSON, isList: Bool) {
        if values[name] == nil { order.append(name) }
        values[name, default: []].append(value)
        if isList { lists.insert(name) }
    }

    /// As everywhere in protobuf, the last entry of a key counts.
    mutating func put(_ name: String, entry: JSON) {
        if maps[name] == nil { order.append(name) }
        let key = entry["key"]?.string ?? ""
        maps[name, default: []].removeAll { $0.name == key }
        maps[name, default: []].append(.init(key, entry["value"] ?? .null))
    }

    var json: JSON {
        .object(
            order.map { name in
                if let entries = maps[name] { return .init(name, .object(entries)) }
                let all = values[name] ?? []
                // What stands twice and may not is shown twice.
                return .init(name, all.count == 1 && !lists.contains(name) ? all[0] : .array(all))
            })
    }
}
