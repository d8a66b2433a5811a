package import HandoverToken
package import Vocabulary

/// What source and target of a handover have in common for everything around them.
package protocol HandoverMachine: Codable, Hashable, Sendable {
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
    package var id: HandoverID { claims.id }
    package var phaseName: String { phase.rawValue }

    /// Decides on events in order, as one step.
    ///
    /// - Throws: `HandoverRefusal` when one of them is not allowed.
    package func next(after events: [Event], at now: Timestamp) throws(HandoverRefusal) -> HandoverStep<Self> {
        var whole = HandoverStep(self)
        for event in events { whole = whole.followed(by: try whole.state.next(after: event, at: now)) }
        return whole
    }

    /// Takes in notices in order, up to the first that is not accepted.
    ///
    /// - Returns: all of it as one step, with the answer to the last one that was decided on, and its number.
    package func next(
        after notices: [HandoverNotice], at now: Timestamp
    ) throws(HandoverRefusal) -> (step: HandoverStep<Self>, sequence: Int) {
        var (whole, sequence) = (HandoverStep(self), 0)
        for notice in notices {
            whole = whole.followed(by: try whole.state.next(after: Self.noticed(notice), at: now))
            sequence = notice.sequence
            switch whole.answer {
            case .accepted, .duplicate, nil: continue
            case .gap, .refused: return (whole, sequence)
            }
        }
        return (whole, sequence)
    }
}

/// What a step changes in either of them.
protocol HandoverParty: HandoverMachine {
    var phase: Phase { get set }
    var notices: NoticeLedger { get set }
    var ending: String? { get set }
}

extension HandoverParty {
    /// Takes in the next notice, or says why not.
    ///
    /// - Parameters:
    ///   - isReady: whether this party can know yet what the notice is about.
    ///   - isAllowed: whether its state allows such a notice.
    ///   - body: what an accepted notice changes.
    func taking(
        _ notice: HandoverNotice, isReady: Bool = true, isAllowed: Bool, _ body: (inout HandoverStep<Self>) -> Void
    ) -> HandoverStep<Self> {
        var step = HandoverStep(self)
        let notAllowed = HandoverRefusal.noticeNotAllowed(notice.type, phase: phaseName)
        if let answer = notices.verdict(on: notice, refusal: notAllowed) {
            step.answer = answer
            return step
        }
        guard isReady else {
            step.answer = .gap(last: notices.received)
            return step
        }
        let refused: HandoverRefusal? =
            notice.epoch != claims.epoch
            ? .staleEpoch(notice.epoch, known: claims.epoch) : isAllowed ? nil : notAllowed
        if let refused, notices.isFull {
            step.answer = .refused(refused)
            return step
        }
        step.state.notices.take(notice, refusing: refused != nil)
        if let refused {
            step.answer = .refused(refused)
            step.record(.noticeRefused, ["notice": notice.type.rawValue])
            return step
        }
        step.answer = .accepted
        body(&step)
        return step
    }
}

extension SourceHandover: HandoverMachine, HandoverParty {
    package static var role: HandoverRole { .source }
    package var isOpen: Bool { phase.isOpen }
    package var agentRow: AgentID? { agent }
    package var otherParty: PeerID { claims.audience }
    package var redemptionID: RedemptionID? { redemption }
    package static func wake(agentPresent: Bool) -> Event { .wake(agentPresent: agentPresent) }
    package static func noticed(_ notice: HandoverNotice) -> Event { .noticeReceived(notice) }
}

extension TargetHandover: HandoverMachine, HandoverParty {
    package static var role: HandoverRole { .target }
    package var isOpen: Bool { phase.isOpen }
    package var agentRow: AgentID? { redemption?.row }
    package var otherParty: PeerID { claims.issuer }
    package var redemptionID: RedemptionID? { redemption?.id }
    package static func wake(agentPresent: Bool) -> Event { .wake(agentPresent: agentPresent) }
    package static func noticed(_ notice: HandoverNotice) -> Event { .noticeReceived(notice) }
}
