public import Vocabulary

/// Why a saved state is not read.
public enum StateRefusal: Error, Hashable, Sendable {
    case notJSON(JSONRefusal)
    /// Written by another version of this agent.
    case unknownVersion(Int64)
    /// The member is missing, superfluous or says something it cannot say; its path, never its value.
    case malformed(String)
}

extension StateRefusal: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .notJSON:
            OperatorMessage(
                code: StateCode.notJSON.code, title: "The agent's state cannot be read", cause: "It is not JSON.",
                nextAction: "Restore the state directory, or run `opamp-agent reset` to start from the configuration.")
        case .unknownVersion(let version):
            OperatorMessage(
                code: StateCode.unknownVersion.code, title: "The agent's state has another version",
                cause: "The state has version \(version); this agent reads version \(AgentState.version).",
                nextAction: "Install the agent version that wrote it, or a later one.")
        case .malformed(let member):
            OperatorMessage(
                code: StateCode.malformed.code, title: "The agent's state cannot be read",
                cause: "The member \(member) is not valid.",
                nextAction: "Restore the state directory, or run `opamp-agent reset` to start from the configuration.")
        }
    }
}

/// Reads one object strictly: in the end a member that was not asked for is refused.
struct StateReader {
    private let members: [String: JSON]
    private let path: String
    private var asked: Set<String> = []

    init(_ json: JSON, path: String) throws(StateRefusal) {
        guard let members = json.members else { throw .malformed(path) }
        self.members = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
        self.path = path
    }

    func refuseUnknownMembers() throws(StateRefusal) {
        if let stranger = members.keys.filter({ !asked.contains($0) }).min() {
            throw .malformed("\(path).\(stranger.prefix(64))")
        }
    }

    private mutating func member(_ name: String) -> JSON? {
        asked.insert(name)
        return members[name]
    }

    mutating func required<Value>(_ name: String, _ read: (JSON) -> Value?) throws(StateRefusal) -> Value {
        guard let value = member(name).flatMap(read) else { throw .malformed("\(path).\(name)") }
        return value
    }

    mutating func optional<Value>(_ name: String, _ read: (JSON) -> Value?) throws(StateRefusal) -> Value? {
        guard member(name) != nil else { return nil }
        return try required(name, read)
    }

    mutating func object<Value>(
        _ name: String, _ read: (JSON) throws(StateRefusal) -> Value
    ) throws(StateRefusal) -> Value {
        guard let json = member(name) else { throw .malformed("\(path).\(name)") }
        return try read(json)
    }

    mutating func optionalObject<Value>(
        _ name: String, _ read: (JSON) throws(StateRefusal) -> Value
    ) throws(StateRefusal) -> Value? {
        guard let json = member(name) else { return nil }
        return try read(json)
    }

    mutating func list<Value>(
        _ name: String, _ read: (JSON) throws(StateRefusal) -> Value
    ) throws(StateRefusal) -> [Value] {
        guard let items = member(name)?.array else { throw .malformed("\(path).\(name)") }
        var values: [Value] = []
        for item in items { values.append(try read(item)) }
        return values
    }
}

extension JSON {
    static func hex(_ bytes: [UInt8]) -> JSON { .string(Hex.encode(bytes)) }
    static func span(_ duration: Duration) -> JSON { .integer(duration.wholeMilliseconds) }
    static func time(_ time: Timestamp) -> JSON { .string(time.description) }

    var bytes: [UInt8]? { string.flatMap(Hex.decode) }
    var time: Timestamp? { string.flatMap { Timestamp($0) } }
    /// Milliseconds; not negative.
    var span: Duration? { integer.flatMap { $0 < 0 ? nil : .milliseconds($0) } }
}
