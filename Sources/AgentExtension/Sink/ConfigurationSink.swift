public import OpAMPProto

/// Where remote configuration goes.
public protocol ConfigurationSink: Sendable {
    /// Puts it into effect, whole or not at all. It may take its time; the agent goes on meanwhile.
    ///
    /// - Returns: what is in effect now, to be reported; `nil` when nothing new is to be said.
    func apply(_ configuration: AgentConfigMap) async throws(ConfigurationRejection) -> EffectiveConfig?

    /// What is in effect before any remote configuration has come.
    func current() -> EffectiveConfig?
}

/// Why a remote configuration is not in effect. The reason is reported to the server, so it holds no secrets.
public struct ConfigurationRejection: Error, Hashable, Sendable {
    public let reason: String

    public init(_ reason: String) { self.reason = reason }
}
