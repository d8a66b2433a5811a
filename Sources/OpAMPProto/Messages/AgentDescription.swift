/// Who the agent is, as attributes by the OpenTelemetry semantic conventions.
public struct AgentDescription: Hashable, Sendable {
    public var identifyingAttributes: [KeyValue]
    public var nonIdentifyingAttributes: [KeyValue]

    public init(identifyingAttributes: [KeyValue] = [], nonIdentifyingAttributes: [KeyValue] = []) {
        self.identifyingAttributes = identifyingAttributes
        self.nonIdentifyingAttributes = nonIdentifyingAttributes
    }
}

/// One attribute.
public struct KeyValue: Hashable, Sendable {
    public var key: String
    public var value: AnyValue?

    public init(key: String = "", value: AnyValue? = nil) {
        self.key = key
        self.value = value
    }
}

/// An attribute's value.
///
/// Two values with a NaN inside are unequal, as everywhere in Swift.
public enum AnyValue: Hashable, Sendable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array([AnyValue])
    case keyValueList([KeyValue])
    case bytes([UInt8])
    /// The message is there and names no value: null.
    case absent
}
