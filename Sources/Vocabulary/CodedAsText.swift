/// A value that has exactly one text form and is coded as that text.
public protocol CodedAsText: Codable, LosslessStringConvertible {}

extension CodedAsText {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the text of a \(Self.self)")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Identifier: CodedAsText {}
extension Fingerprint: CodedAsText {}
extension Timestamp: CodedAsText {}
