import Vocabulary

extension HandoverClaims {
    /// The JSON that a token carries; the same claims have the same text.
    public var text: String { json.description }

    /// - Throws: `ClaimDefect` or the reader's refusal.
    public init(text: String) throws { try self.init(json: JSON(reading: Array(text.utf8))) }
}

extension CodingUserInfoKey {
    /// Claims that are kept beside what is coded. Then the identifier stands in their place.
    public static let handoverClaims: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "handoverClaims") else { preconditionFailure("a key has a text") }
        return key
    }()
}

/// Claims are coded as their text, unless the coder has them already.
extension HandoverClaims: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        if let kept = decoder.userInfo[.handoverClaims] as? HandoverClaims {
            guard kept.id.description == text else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "the claims of another handover")
            }
            self = kept
            return
        }
        do {
            self = try HandoverClaims(text: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the claims of a handover")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let isKept = encoder.userInfo[.handoverClaims] as? HandoverClaims == self
        try container.encode(isKept ? id.description : text)
    }
}
