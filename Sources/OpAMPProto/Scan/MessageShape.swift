/// One message of the schema, as far as the scan needs to know it.
struct MessageShape: Sendable {
    enum Kind: Hashable, Sendable {
        case varint, fixed64, fixed32, text, bytes
        /// The place of the inner message's shape in the table.
        case message(Int)
    }

    struct Field: Hashable, Sendable {
        var kind: Kind
        var isRepeated: Bool
    }

    var name: String
    /// By field number; `nil` where the schema has none.
    var fields: [Field?]
    /// By field number, as in the schema.
    var fieldNames: [String]

    func path(_ number: Int) -> String { "\(name).\(fieldNames[number])" }
}
