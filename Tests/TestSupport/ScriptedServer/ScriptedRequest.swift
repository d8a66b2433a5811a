/// What a client asked for.
public struct ScriptedRequest: Sendable {
    public let method: String
    public let path: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]
    public let isUpgrade: Bool
    /// The leaf that the client presented, DER.
    public let peerLeaf: [UInt8]?

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// What a client gets.
public enum ScriptedReply: Sendable {
    case answer(_ status: Int, headers: [(String, String)] = [], body: [UInt8] = [])
    /// Accepts the upgrade and runs the closure; the connection closes when it returns.
    case webSocket(@Sendable (ScriptedWebSocket) async -> Void)
    /// Never an answer; the connection stays open.
    case silence
    /// An answer whose body grows by a blank every 100 milliseconds, without an end.
    case dripping
    /// The end, without an answer.
    case close
    /// These bytes instead of an HTTP answer.
    case raw(String, thenClose: Bool = false)
}
