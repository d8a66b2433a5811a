public import OpAMPProto

/// Where offered settings go of connections that are the host program's: its own telemetry, and others that host and server
/// know by name.
public protocol ConnectionsSink: Sendable {
    /// Which of `reportsOwnMetrics`, `reportsOwnTraces`, `reportsOwnLogs` and `acceptsOtherConnectionSettings` the host has.
    /// Servers are told, and it gets nothing else.
    var taken: AgentCapabilities { get }

    /// Puts them into effect, all or none. It may take its time; the agent goes on meanwhile, and asks again after a restart
    /// that came before the answer.
    ///
    /// The host keeps what it has accepted: a server does not offer again what was applied. The values can be secrets.
    func apply(_ offered: ConnectionSettingsOffers) async throws(ConnectionsRejection)
}

/// Why the host does not take offered settings.
public struct ConnectionsRejection: Error, Hashable, Sendable {
    /// It is reported to the server, cut at 200 characters, so it holds no secrets.
    public let reason: String

    public init(_ reason: String) { self.reason = reason }
}

extension AgentCapabilities {
    /// Those that a `ConnectionsSink` decides about.
    static let ofHostConnections: Self = [
        .reportsOwnMetrics, .reportsOwnTraces, .reportsOwnLogs, .acceptsOtherConnectionSettings,
    ]
}
