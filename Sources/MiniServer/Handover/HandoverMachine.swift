import HandoverToken
import PeerCore
import Vocabulary

/// What source and target of a handover have in common for the shell around them.
protocol HandoverMachine: Codable, Hashable, Sendable {
    associatedtype Event: Sendable
    static var side: HandoverRole { get }
    var id: HandoverID { get }
    var claims: HandoverClaims { get }
    /// The agent's row on this server.
    var agentRow: AgentID? { get }
    var isOpen: Bool { get }
    /// The server at the other end.
    var otherParty: PeerID { get }
    var phaseName: String { get }

    func next(after event: Event, at now: Timestamp) throws(HandoverRefusal) -> HandoverStep<Self>
    func resume(at now: Timestamp) -> [HandoverDirective]
    static func wake(agentPresent: Bool) -> Event
    static func noticed(_ notice: HandoverNotice) -> Event
}

extension SourceHandover: HandoverMachine {
    static var side: HandoverRole { .source }
    var agentRow: AgentID? { agent }
    var isOpen: Bool { phase.isOpen }
    var otherParty: PeerID { claims.audience }
    var phaseName: String { phase.rawValue }
    static func wake(agentPresent: Bool) -> Event { .wake(agentPresent: agentPresent) }
    static func noticed(_ notice: HandoverNotice) -> Event { .noticeReceived(notice) }
}

extension TargetHandover: HandoverMachine {
    static var side: HandoverRole { .target }
    var agentRow: AgentID? { redemption?.row }
    var isOpen: Bool { phase.isOpen }
    var otherParty: PeerID { claims.issuer }
    var phaseName: String { phase.rawValue }
    static func wake(agentPresent: Bool) -> Event { .wake(agentPresent: agentPresent) }
    static func noticed(_ notice: HandoverNotice) -> Event { .noticeReceived(notice) }
}
