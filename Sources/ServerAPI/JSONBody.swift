package import Vocabulary

/// Why a body is not the value that its route takes.
package enum BodyRefusal: Error, Hashable, Sendable {
    case notJSON(JSONRefusal)
    case unknownMember(String)
    case missingMember(String)
    /// A member has another type than this, or the body is no object.
    case wrongType(String)
    case notValid(String)
    case notOneOf(String, choices: [String])
}

/// Reads the body of a request strictly: what `JSON` refuses is refused, and so is every member that the type does not
/// ask for. The type itself says which members there are, by decoding them.
package struct JSONBody {
    /// Operators' programs are told of a misspelled member. A peer of a newer version may send members that this one does
    /// not know, and has to be understood all the same.
    package enum UnknownMembers: Sendable { case refused, ignored }

    /// - Parameter bytes: none stand for an object without members.
    /// - Throws: `BodyRefusal`.
    package static func read<Body: Decodable>(
        _ type: Body.Type = Body.self, from bytes: [UInt8], unknownMembers: UnknownMembers
    ) throws -> Body {
        let json: JSON
        do { json = bytes.isEmpty ? .object([]) : try JSON(reading: bytes) } catch { throw BodyRefusal.notJSON(error) }
        let objects = AskedObjects()
        let body = try ValueDecoder(json: json, path: [], objects: objects).value(of: Body.self)
        if unknownMembers == .refused, let name = objects.firstUnasked { throw BodyRefusal.unknownMember(name) }
        return body
    }
}

/// An enum of which a request names one case.
package protocol Choice: RawRepresentable, CaseIterable, Decodable where RawValue == String {}

extension Role: Choice {}
extension SecretDirection: Choice {}
extension CertificateChoice: Choice {}

/// The members of every object of one body, and which of them the types have asked for.
private final class AskedObjects {
    private var objects: [(path: [any CodingKey], names: [String], asked: Set<String>)] = []

    func add(_ names: [String], at path: [any CodingKey]) -> Int {
        objects.append((path, names, []))
        return objects.count - 1
    }

    func ask(_ name: String, of object: Int) { objects[object].asked.insert(name) }

    var firstUnasked: String? {
        objects.lazy.compactMap { object in
            object.names.first { !object.asked.contains($0) }.map { name(of: object.path, $0) }
        }.first
    }
}

/// `outer.inner`, for an operator; cut, because a caller chooses the names.
private func name(of path: [any CodingKey], _ last: String? = nil) -> String {
    (path.map(\.stringValue) + [last].compactMap(\.self)).joined(separator: ".").printable(upTo: 100)
}

private struct ValueDecoder: Decoder {
    let json: JSON
    let path: [any CodingKey]
    let objects: AskedObjects

    var codingPath: [any CodingKey] { path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func value<Value: Decodable>(of type: Value.Type) throws -> Value {
        do {
            return try Value(from: self)
        } catch is DecodingError {
            if let choice = type as? any Choice.Type {
                throw BodyRefusal.notOneOf(name(of: path), choices: choice.texts)
            }
            throw BodyRefusal.notValid(name(of: path))
        }
    }

    func wrongType() -> BodyRefusal { .wrongType(name(of: path)) }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let members = json.members else { throw wrongType() }
        return KeyedDecodingContainer(
            MemberContainer<Key>(decoder: self, members: members, object: objects.add(members.map(\.name), at: path)))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let items = json.array else { throw wrongType() }
        return ItemContainer(decoder: self, items: items)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }
}

extension Choice {
    static var texts: [String] { allCases.map(\.rawValue) }
}

extension ValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { json == .null }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard let value = json.bool else { throw wrongType() }
        return value
    }

    func decode(_ type: String.Type) throws -> String {
        guard let value = json.string else { throw wrongType() }
        return value
    }

    private func whole<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws -> Value {
        guard let value = json.integer else { throw wrongType() }
        guard let exact = Value(exactly: value) else { throw BodyRefusal.notValid(name(of: path)) }
        return exact
    }

    func decode(_ type: Int.Type) throws -> Int { try whole() }
    func decode(_ type: Int8.Type) throws -> Int8 { try whole() }
    func decode(_ type: Int16.Type) throws -> Int16 { try whole() }
    func decode(_ type: Int32.Type) throws -> Int32 { try whole() }
    func decode(_ type: Int64.Type) throws -> Int64 { try whole() }
    func decode(_ type: UInt.Type) throws -> UInt { try whole() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try whole() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try whole() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try whole() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try whole() }
    // A number of this product is whole.
    func decode(_ type: Double.Type) throws -> Double { Double(try whole(Int64.self)) }
    func decode(_ type: Float.Type) throws -> Float { Float(try whole(Int64.self)) }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try value(of: type) }
}

private struct MemberContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: ValueDecoder
    let members: [JSON.Member]
    let object: Int

    var codingPath: [any CodingKey] { decoder.path }
    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

    private func member(_ key: any CodingKey) -> JSON? {
        decoder.objects.ask(key.stringValue, of: object)
        return members.first { $0.name == key.stringValue }?.value
    }

    private func required(_ key: any CodingKey) throws -> ValueDecoder {
        let path = decoder.path + [key]
        guard let json = member(key), json != .null else { throw BodyRefusal.missingMember(name(of: path)) }
        return ValueDecoder(json: json, path: path, objects: decoder.objects)
    }

    func contains(_ key: Key) -> Bool { member(key) != nil }
    /// `null` stands for an absent member.
    func decodeNil(forKey key: Key) throws -> Bool { member(key).map { $0 == .null } ?? true }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try required(key).value(of: type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try required(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try required(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder }
    func superDecoder(forKey key: Key) throws -> any Decoder { try required(key) }
}

private struct ItemContainer: UnkeyedDecodingContainer {
    let decoder: ValueDecoder
    let items: [JSON]
    var currentIndex = 0

    private struct Index: CodingKey {
        let intValue: Int?
        var stringValue: String { intValue.map { String($0) } ?? "" }

        init(_ index: Int) { intValue = index }
        init?(intValue: Int) { self.init(intValue) }
        init?(stringValue: String) { nil }
    }

    var codingPath: [any CodingKey] { decoder.path }
    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex >= items.count }

    private mutating func next() throws -> ValueDecoder {
        let path = decoder.path + [Index(currentIndex)]
        guard !isAtEnd else { throw BodyRefusal.missingMember(name(of: path)) }
        defer { currentIndex += 1 }
        return ValueDecoder(json: items[currentIndex], path: path, objects: decoder.objects)
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, items[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().value(of: type) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }
}
