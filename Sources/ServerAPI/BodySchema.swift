package import Vocabulary

/// What JSON a type reads and writes, as JSON Schema, which OpenAPI 3.1 takes over.
///
/// The type says so itself, by being decoded: it asks for each member by name and type, and receives a sample.
package enum BodySchema {
    /// The type and every other one that it contains, by name.
    package static func components(of type: (some Decodable).Type) -> [String: JSON] {
        let recorder = SchemaRecorder(text: "", components: Components())
        do {
            _ = try recorder.describe(type)
        } catch {
            preconditionFailure("\(type) does not say what it reads: \(error)")
        }
        return recorder.components.schemas
    }

    /// The name of a type in the OpenAPI document. A page is named after its items.
    package static func name(of type: any Any.Type) -> String {
        let name = String(describing: type)
        return name.hasPrefix("Page<") ? name.dropFirst(5).dropLast() + "Page" : name
    }
}

/// A text that says more than that it is one.
private struct TextForm {
    let sample: String
    let schema: KeyValuePairs<String, JSON?>

    /// Each type that is coded as text takes the sample of exactly one.
    private static let all = [
        TextForm(
            sample: "2026-01-01T00:00:00.000Z", schema: ["type": .string("string"), "format": .string("date-time")]),
        TextForm(
            sample: "00000000-0000-7000-8000-000000000000",
            schema: ["type": .string("string"), "format": .string("uuid")]),
        hex(digits: 32), hex(digits: 64),
    ]

    private static func hex(digits: Int) -> TextForm {
        TextForm(
            sample: String(repeating: "0", count: digits),
            schema: ["type": .string("string"), "pattern": .string("^[0-9a-f]{\(digits)}$")])
    }

    init(sample: String, schema: KeyValuePairs<String, JSON?>) { (self.sample, self.schema) = (sample, schema) }

    init?(of type: any Any.Type) {
        if let choice = type as? any Choice.Type {
            let texts = choice.texts
            self.init(
                sample: texts.first ?? "",
                schema: ["type": .string("string"), "enum": .array(texts.map { .string($0) })])
        } else if let text = type as? any CodedAsText.Type,
            let form = Self.all.first(where: { text.init($0.sample) != nil })
        {
            self = form
        } else {
            return nil
        }
    }
}

private final class Components {
    var schemas: [String: JSON] = [:]
}

/// Hears what one type asks for.
private final class SchemaRecorder: Decoder {
    /// What a text is.
    let text: String
    let components: Components
    private var schema = JSON.object([])
    fileprivate var properties: [JSON.Member]?
    fileprivate var optional: Set<String> = []

    init(text: String, components: Components) { (self.text, self.components) = (text, components) }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// - Returns: its schema, or a reference to it, and a sample.
    func describe<Value: Decodable>(_ type: Value.Type) throws -> (schema: JSON, sample: Value) {
        let form = TextForm(of: type)
        let inner = SchemaRecorder(text: form?.sample ?? "", components: components)
        let sample = try Value(from: inner)
        if let form { return (.members(form.schema), sample) }
        guard let properties = inner.properties else { return (inner.schema, sample) }
        guard type != [String: String].self else {
            return (
                .members(["type": .string("object"), "additionalProperties": .members(["type": .string("string")])]),
                sample
            )
        }
        let name = BodySchema.name(of: type)
        let required = properties.map(\.name).filter { !inner.optional.contains($0) }
        components.schemas[name] = .members([
            "type": .string("object"), "title": .string(name), "properties": .object(properties),
            "required": required.isEmpty ? nil : .array(required.map { .string($0) }),
        ])
        return (.members(["$ref": .string("#/components/schemas/\(name)")]), sample)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        properties = properties ?? []
        return KeyedDecodingContainer(PropertyRecorder<Key>(recorder: self))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer {
        ItemRecorder(recorder: self) { self.schema = .members(["type": .string("array"), "items": $0]) }
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    private func record<Value>(_ type: String, minimum: Int64? = nil, _ sample: Value) -> Value {
        schema = .members(["type": .string(type), "minimum": minimum.map { .integer($0) }])
        return sample
    }
}

extension SchemaRecorder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { false }
    func decode(_ type: Bool.Type) -> Bool { record("boolean", false) }
    func decode(_ type: String.Type) -> String { record("string", text) }
    func decode(_ type: Double.Type) -> Double { record("number", 0) }
    func decode(_ type: Float.Type) -> Float { record("number", 0) }

    private func whole<Value: FixedWidthInteger>() -> Value { record("integer", minimum: Value.isSigned ? nil : 0, 0) }

    func decode(_ type: Int.Type) -> Int { whole() }
    func decode(_ type: Int8.Type) -> Int8 { whole() }
    func decode(_ type: Int16.Type) -> Int16 { whole() }
    func decode(_ type: Int32.Type) -> Int32 { whole() }
    func decode(_ type: Int64.Type) -> Int64 { whole() }
    func decode(_ type: UInt.Type) -> UInt { whole() }
    func decode(_ type: UInt8.Type) -> UInt8 { whole() }
    func decode(_ type: UInt16.Type) -> UInt16 { whole() }
    func decode(_ type: UInt32.Type) -> UInt32 { whole() }
    func decode(_ type: UInt64.Type) -> UInt64 { whole() }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, sample) = try describe(type)
        self.schema = schema
        return sample
    }
}

private struct PropertyRecorder<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recorder: SchemaRecorder
    var codingPath: [any CodingKey] { [] }
    /// A dictionary has no sample of a key.
    var allKeys: [Key] { [] }

    /// A member that may be absent is asked for first.
    func contains(_ key: Key) -> Bool {
        recorder.optional.insert(key.stringValue)
        return true
    }

    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let (schema, sample) = try recorder.describe(type)
        recorder.properties?.append(JSON.Member(key.stringValue, schema))
        return sample
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedDecodingContainer<Nested> { recorder.container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer { recorder.unkeyedContainer() }
    func superDecoder() -> any Decoder { recorder }
    func superDecoder(forKey key: Key) -> any Decoder { recorder }
}

/// A list has one item.
private struct ItemRecorder: UnkeyedDecodingContainer {
    let recorder: SchemaRecorder
    let record: (JSON) -> Void
    var currentIndex = 0

    init(recorder: SchemaRecorder, record: @escaping (JSON) -> Void) {
        (self.recorder, self.record) = (recorder, record)
    }

    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex > 0 }

    mutating func decodeNil() -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        currentIndex += 1
        let (schema, sample) = try recorder.describe(type)
        record(schema)
        return sample
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedDecodingContainer<Nested> {
        recorder.container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer { recorder.unkeyedContainer() }
    mutating func superDecoder() -> any Decoder { recorder }
}
