import Vocabulary

/// Claims are stored as the text of their JSON, the very form that a token carries.
extension HandoverClaims: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = try HandoverClaims(json: JSON(reading: Array(container.decode(String.self).utf8)))
        } catch let error as DecodingError {
            throw error
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the claims of a handover")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(json.description)
    }
}
