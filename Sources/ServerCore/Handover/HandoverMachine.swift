public import HandoverToken
public import Vocabulary

/// What source and target of a handover have in common for everything around them.
public protocol HandoverMachine: Codable, Hashable, Sendable {
    associatedtype Event: Sendable
    associatedtype Phase: RawRepresentable<String>
    static var role: HandoverRole { get }
    var claims: HandoverClaims { get }
    var phase: Phase { get }
    /// Another handover of the agent has to wait for the end of this one.
    var isOpen: Bool { get }
    /// The agent's row on this server; `nil` on a target before redemption.
    var agentRow: AgentID? { get }
    /// The server at the other end.
    var otherParty: PeerID { get }
    var redemptionID: RedemptionID? { get }
    var notices: NoticeLedger { get }
    /// Why it ended otherwise than settled.
    var ending: String? { get }

    func next(after event: Event, at now: Timestamp) throws(HandoverRefusal) -> HandoverStep<Self>
    /// What a saved handover still owes after a restart.
    func resume(at now: Timestamp) -> [HandoverDirective]
    static func wake(agentPresent: Bool) -> Event
    static func noticed(_ notice: HandoverNotice) -> Event
}

extension HandoverMachine {
    public var id: HandoverID { claims.id }
    public var phaseName: String { phase.rawValue }
}

/// What a step changes in either of them.
protocol HandoverParty: HandoverMachine {
    var phase: Phase { get set }
    var notices: NoticeLedger { get set }
    var ending: String? { get set }
}

extension SourceHandover: HandoverMachine, HandoverParty {
    public static var role: HandoverRole { .source }
    public var isOpen: Bool { phase.isOpen }
    public var agentRow: AgentID? { agent }
    public var otherParty: PeerID { claims.audience }
    public var redemptionID: RedemptionID? { redemption }
    public static func wake(agentPresent: Bool) -> Event { .wake(agentPresent: agentPresent) }
    public static func noticed(_ notice: HandoverNotice) -> Event { .noticeReceived(notice) }
}

extension TargetHandover: HandoverMachine, HandoverParty {
    public static var role: HandoverRole { .target }
    public var isOpen: Bool { phase.isOpen }
    public var agentRow: AgentID? { redemption?.row }
    public var otherParty: PeerID { claims.issuer }
    public var redemptionID: RedemptionID? { redemption?.id }
    public static func wake(agentPresent: Bool) -> Event { .wake(agentPresent: agentPresent) }
    public static func noticed(_ notice: HandoverNotice) -> Event { .noticeReceived(notice) }
}
