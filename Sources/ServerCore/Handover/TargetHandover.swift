package import HandoverToken
package import Vocabulary

/// One agent coming to this server: the target's side of protocol section 6.
package struct TargetHandover: Hashable, Sendable, Codable {
    package enum Phase: String, CaseIterable, Codable, Sendable {
        /// Verified and shown, not saved. Next: `redeeming`.
        case previewed
        /// An operator confirmed; the source is asked. Next: `awaiting`, `withdrawn`.
        case redeeming
        /// The token is ours; the agent may come. Next: `connected`, `lapsed`, `withdrawn`.
        case awaiting
        /// The leaf is here and may still go back. Next: `arrived`, `awaiting`, `lapsed`, `withdrawn`.
        case connected
        /// The agent has committed to this server. Next: `settled`, `withdrawn`.
        case arrived
        /// For good - unless the source says that the agent was back before it heard of us. Next: `withdrawn`.
        case settled
        /// The agent never came.
        case lapsed
        case withdrawn

        /// The agent may connect with the leaf named in the token.
        package var admitsLeaf: Bool {
            switch self {
            case .awaiting, .connected, .arrived, .settled: true
            case .previewed, .redeeming, .lapsed, .withdrawn: false
            }
        }

        /// A handover to another server has to wait for the end of this one.
        package var isOpen: Bool {
            switch self {
            case .redeeming, .awaiting, .connected, .arrived: true
            case .previewed, .settled, .lapsed, .withdrawn: false
            }
        }
    }

    package enum Event: Hashable, Sendable {
        case redeemRequested(Redemption)
        case redemptionAccepted
        /// The source said no, by this code.
        case redemptionRefused(code: String)
        /// No answer, or an unclear one: the source may or may not have accepted the redemption.
        case redemptionUnanswered
        case sourceAnswered(phase: SourceHandover.Phase, redemption: RedemptionID?)
        /// The leaf connected.
        case agentConnected
        case agentCommitted(Commitment)
        case agentDisconnected
        case noticeReceived(HandoverNotice)
        /// The source rejected this notice.
        case noticeRefused(NoticeType)
        case withdrawRequested(reason: String?)
        case higherEpochSeen(Epoch)
        case wake(agentPresent: Bool)
    }

    package typealias Step = HandoverStep<TargetHandover>

    package let claims: HandoverClaims
    /// SHA-256 over the text form that was pasted.
    package let tokenDigest: [UInt8]
    package internal(set) var phase = Phase.previewed
    package internal(set) var redemption: Redemption?
    /// The handover lapses then, unless the agent has arrived.
    package internal(set) var deadline: Timestamp?
    /// When the leaf was here first after it had been away.
    package internal(set) var connectedAt: Timestamp?
    package internal(set) var probationEnds: Timestamp?
    /// The offer that brought the agent here; it is not offered again.
    package internal(set) var offerHash: [UInt8]?
    /// The offers that the source has told of.
    package internal(set) var offerHashes: [[UInt8]] = []
    /// The hash of an `APPLIED` that may be for an earlier offer: none that the source has told of so far.
    package internal(set) var unproven: [UInt8]?
    package internal(set) var notices = NoticeLedger()
    /// Why it ended otherwise than settled.
    package internal(set) var ending: String?
    /// The stable code by which the source refused the claim.
    package internal(set) var refusalCode: String?

    /// The agent adopts this server on the first answer, whether its `APPLIED` gets here or not, and forgets the source when
    /// its probation is over. From then on only its return at the source shows that it did not adopt.
    func mayHaveSettled(at now: Timestamp) -> Bool { connectedAt.map { $0 + claims.probation <= now } ?? false }

    /// Why there is nothing more to hope for from the redemption.
    package var refusal: HandoverRefusal? {
        switch phase {
        case .lapsed, .withdrawn: refusalCode.map { .refusedBySource(code: $0) } ?? .over(phase: phase.rawValue)
        case .previewed, .redeeming, .awaiting, .connected, .arrived, .settled: nil
        }
    }

    /// A verified token before an operator confirms it.
    package init(previewing token: VerifiedToken) {
        self.init(claims: token.claims, tokenDigest: token.digest)
    }

    init(claims: HandoverClaims, tokenDigest: [UInt8]) {
        self.claims = claims
        self.tokenDigest = tokenDigest
    }

    /// What a saved handover still owes after a restart.
    package func resume(at now: Timestamp) -> [HandoverDirective] {
        switch phase {
        case .redeeming: redeemAgain(at: now)
        case .awaiting, .connected: deadline.map { [.wake(at: $0)] } ?? []
        case .arrived: probationEnds.map { [.wake(at: $0)] } ?? []
        case .lapsed, .withdrawn: [.closeSessions(claims.leaf)]
        case .previewed, .settled: []
        }
    }

    /// Until the token's end the claim is repeated; afterwards the source is asked what became of it.
    func redeemAgain(at now: Timestamp) -> [HandoverDirective] {
        guard let redemption else { return [] }
        return now < claims.expiresAt
            ? [
                .sendRedemption(redemption.id, tokenDigest: tokenDigest),
                .wake(at: now + HandoverTiming.redemptionRetry),
            ]
            : [.askSource, .wake(at: now + HandoverTiming.sourceQuestion)]
    }
}

/// How an agent shows that it has made this server its own.
package enum Commitment: Hashable, Sendable {
    /// `APPLIED` from an agent that knows this handover: as long as it only tries a server, it says `APPLYING`.
    case certain(hash: [UInt8])
    /// `APPLIED` from any other agent, which may still speak of an earlier offer.
    case applied(hash: [UInt8])
    /// From an agent without status reports: a second message at least one heartbeat after the first.
    case silent
    /// The same from an agent with status reports; it counts for an `APPLIED` that nothing else can be known about.
    case staying
}

/// An operator's confirmation, with the choices made.
package struct Redemption: Hashable, Sendable, Codable {
    package var id: RedemptionID
    /// The row that the agent will have here.
    package var row: AgentID
    /// The agent was here before and its moved row is used again.
    package var reusesRow: Bool
    /// The row's new uid, when another agent has its own.
    package var instanceUID: InstanceUID?
    package var group: String?
    package var configuration: String?
    /// How long the agent is waited for.
    package var arrivalTime: Duration

    package init(
        id: RedemptionID,
        row: AgentID,
        reusesRow: Bool,
        instanceUID: InstanceUID? = nil,
        group: String?,
        configuration: String?,
        arrivalTime: Duration = HandoverTiming.defaultArrival
    ) {
        self.id = id
        self.row = row
        self.reusesRow = reusesRow
        self.instanceUID = instanceUID
        self.group = group
        self.configuration = configuration
        self.arrivalTime = arrivalTime
    }
}
