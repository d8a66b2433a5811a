public import OpAMPProto

/// Where remote configuration goes.
public protocol ConfigurationSink: Sendable {
    /// Puts it into effect, whole or not at all. It may take its time; the agent goes on meanwhile.
    ///
    /// - Returns: what is in effect now, to be reported; `nil` when nothing new is to be said.
    func apply(_ configuration: AgentConfigMap) async throws(ConfigurationRejection) -> EffectiveConfig?

    /// What is in effect before any remote configuration has come.
    func current() -> EffectiveConfig?

    /// Called once when the agent begins, after `current` and before any `apply`: who uses the configuration hears of one that
    /// `current` has put back.
    func announceRestored() async throws(ConfigurationRejection)
}

extension ConfigurationSink {
    public func announceRestored() async throws(ConfigurationRejection) {}
}

/// Why a remote configuration is not in effect.
public struct ConfigurationRejection: Error, Hashable, Sendable {
    /// It is reported to the server, so it holds no secrets.
    public let reason: String
    /// The same configuration may be good later. It is tried again if the server offers it again, after a wait that doubles;
    /// otherwise the same hash always gets the same answer.
    public let mayPass: Bool

    public init(_ reason: String, mayPass: Bool = false) {
        self.reason = reason
        self.mayPass = mayPass
    }
}
