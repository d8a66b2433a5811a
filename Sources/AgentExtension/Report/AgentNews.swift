public import AgentCore
import Certificates
public import Vocabulary

/// Something that happened to the agent, and where it stands after it.
public struct AgentNews: Sendable {
    public let at: Timestamp
    /// The event's name and facts, as in the log.
    public let entry: AgentLogEntry
    public let snapshot: AgentSnapshot

    public var event: AgentLogEvent { entry.event }
}

/// Where the agent stands.
public struct AgentSnapshot: Hashable, Sendable {
    public enum Contact: String, Hashable, Sendable, CaseIterable {
        case idle, waiting, dialing, reporting, online, leaving, stopped
    }

    public var instanceUID: InstanceUID
    /// Of the active settings.
    public var endpoint: Endpoint
    /// SHA-256 of the leaf the agent presents.
    public var leaf: Fingerprint?
    public var contact: Contact
    /// A candidate is being tried.
    public var isMoving: Bool
    /// What this process has seen of the standby server last.
    public var standby: StandbyCheck?
    /// What servers asked for more often than the agent does it.
    public var dropped: DroppedWork
}

extension AgentSnapshot {
    init(_ agent: Agent) {
        self.init(
            instanceUID: agent.state.instanceUID, endpoint: agent.state.active.settings.endpoint,
            leaf: agent.state.active.settings.leaf?.leaf.fingerprint, contact: Contact(agent.phase),
            isMoving: agent.state.candidate != nil, standby: agent.standbyCheck, dropped: agent.droppedWork)
    }
}

extension AgentSnapshot.Contact {
    init(_ phase: Phase) {
        self =
            switch phase {
            case .idle: .idle
            case .waiting: .waiting
            case .dialing: .dialing
            case .reporting: .reporting
            case .online: .online
            case .leaving: .leaving
            case .stopped: .stopped
            }
    }
}
