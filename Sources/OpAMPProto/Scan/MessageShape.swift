/// One message of the schema, as far as the scan needs to know it.
struct MessageShape: Sendable {
    enum Kind: Hashable, Sendable {
        case varint, fixed64, fixed32, text, bytes
        /// The place of the inner message's shape in the table.
        case message(Int)
    }

    /// What a number of the wire stands for.
    enum Number: Hashable, Sendable {
        case unsigned, signed, flag, double
        /// One of these names.
        case word([UInt64: String])
        /// Names of single bits.
        case bits([UInt64: String])
    }

    struct Field: Hashable, Sendable {
        var kind: Kind
        var isRepeated: Bool
        var number = Number.unsigned
    }

    var name: String
    /// By field number; `nil` where the schema has none.
    var fields: [Field?]
    /// By field number, as in the schema.
    var fieldNames: [String]

    /// One entry of a map, with a key and a value.
    var isMapEntry: Bool { name.hasSuffix("Entry") }

    func path(_ number: Int) -> String { "\(name).\(fieldNames[number])" }
}
