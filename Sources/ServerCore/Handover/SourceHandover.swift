package import HandoverToken
package import Vocabulary

/// One agent leaving this server: the source's side of protocol section 6.
///
/// The source decides between the two: what it saves first counts - `arrived`, the agent's return or the cancellation -
/// and the target receives a notice.
package struct SourceHandover: Hashable, Sendable, Codable {
    package enum Phase: String, CaseIterable, Codable, Sendable {
        /// The operator holds the token. Next: `redeemed`, `expired`, `cancelled`.
        case issued
        /// The target claimed it. Next: `offered`, `leaving`, `moved`, `returned`, `expired`, `cancelled`.
        case redeemed
        /// The offer is with the agent. Next: `leaving`, `moved`, `returned`, `expired`, `cancelled`.
        case offered
        /// The agent said that it goes. Next: `moved`, `returned`, `expired`, `cancelled`.
        case leaving
        /// The target has it. Next: `settled`, `returned`.
        case moved
        /// For good - unless the agent says that it went back before it had settled. Next: `returned`.
        case settled
        /// Not claimed in time, or the target never saw the agent.
        case expired
        /// An arrival beats it, when the agent had been offered the move already. Next: `moved`.
        case cancelled
        /// The agent is back.
        case returned

        /// Another handover of the agent has to wait for the end of this one.
        package var isOpen: Bool {
            switch self {
            case .issued, .redeemed, .offered, .leaving, .moved: true
            case .settled, .expired, .cancelled, .returned: false
            }
        }
    }

    package enum Event: Hashable, Sendable {
        case redeemed(TokenRedemption)
        case offerSigned(SignedOffer)
        /// The offer was handed to the agent's connection.
        case offerSent
        /// An operator wants the offer to go out again.
        case pushRequested
        /// The leaf connected and sent its first report, or polled over HTTP. A `FAILED` in that report is fed before.
        case agentConnected
        /// `APPLYING` for the offer.
        case agentLeaving
        /// `agent_disconnect`. With the offer out it may be the beginning of the move, or any other end.
        case agentDisconnected
        /// `FAILED` for an offer's hash, with the message of the agent.
        case agentFailed(hash: [UInt8], message: String)
        case noticeReceived(HandoverNotice)
        case cancelRequested(reason: String?)
        /// An operator revoked the leaf here.
        case leafRevoked
        /// A peer knows of a later handover of this agent.
        case higherEpochSeen(Epoch)
        case wake(agentPresent: Bool)
    }

    package typealias Step = HandoverStep<SourceHandover>

    package let claims: HandoverClaims
    /// SHA-256 over the text form that the operator was given.
    package let tokenDigest: [UInt8]
    package let certificate: OfferedCertificate
    /// After that time an agent that is back here has given up.
    package let verification: Duration
    package internal(set) var phase = Phase.issued
    package internal(set) var redemption: RedemptionID?
    package internal(set) var offer: SignedOffer?
    /// Hashes of the offers made so far; the agent may speak of any of them.
    package internal(set) var offerHashes: [[UInt8]] = []
    /// The hash of which the target was told last.
    package internal(set) var toldOffer: [UInt8]?
    /// An operator cancelled a handover that the target had claimed: the agent may be there already, and have settled.
    package internal(set) var mayStillArrive: Bool?
    /// The agent has shown that it goes: by `APPLYING`, or by being at the target.
    package internal(set) var isLeft: Bool?
    /// It has connected here again since then. A session that it left behind says nothing: polls end without a word, and a
    /// broken connection is noticed late.
    package internal(set) var isBack: Bool?
    /// From then on an agent that is here has given up the move.
    package internal(set) var returnsFrom: Timestamp?
    /// The agent's row at the target, as the target said when the agent arrived.
    package internal(set) var targetRow: AgentID?
    package internal(set) var notices = NoticeLedger()
    /// Why it ended otherwise than settled.
    package internal(set) var ending: String?

    /// What the agent does here still matters.
    package var concernsAgent: Bool { phase.isOpen || mayStillArrive == true }
    package var agent: AgentID { claims.agent.row }

    /// Whether this offer is of the handover, and the handover has ended: an offer that still waits for a poll then does not
    /// go out.
    package func hasRecalled(_ offer: [UInt8]) -> Bool {
        switch phase {
        case .expired, .cancelled, .returned: offerHashes.contains(offer)
        case .issued, .redeemed, .offered, .leaving, .moved, .settled: false
        }
    }

    /// A poll that is read now may have been sent before the agent left: nothing ends a request that is on its way, and
    /// the agent may have settled at its target since. One that comes after the time for its move is a word of its own.
    package func mayBeOvertaken(at now: Timestamp) -> Bool {
        phase == .leaving && returnsFrom.map { now < $0 } == true
    }

    /// The token is signed and about to be shown; nothing is saved yet.
    package static func issue(
        _ claims: HandoverClaims,
        tokenDigest: [UInt8],
        certificate: OfferedCertificate,
        verification: Duration = HandoverTiming.defaultVerification
    ) -> Step {
        var step = Step(
            SourceHandover(
                claims: claims, tokenDigest: tokenDigest, certificate: certificate, verification: verification))
        step.rows = [.raiseEpoch(claims.agent.row, to: claims.epoch)]
        step.record(.tokenIssued, ["target": claims.target.name, "expires": claims.expiresAt.description])
        step.directives = [.wake(at: claims.expiresAt)]
        return step
    }

    private init(
        claims: HandoverClaims, tokenDigest: [UInt8], certificate: OfferedCertificate, verification: Duration
    ) {
        self.claims = claims
        self.tokenDigest = tokenDigest
        self.certificate = certificate
        self.verification = verification
    }

    /// What a saved handover still owes after a restart.
    package func resume(at now: Timestamp) -> [HandoverDirective] {
        switch phase {
        case .issued: [.wake(at: claims.expiresAt)]
        case .redeemed: [push(at: now)]
        case .leaving: returnsFrom.map { [.wake(at: $0)] } ?? []
        case .moved: [.closeSessions(claims.leaf)]
        case .offered, .settled, .expired, .cancelled, .returned: []
        }
    }

    /// The offer that is out or, once its token has run out, the order to sign the same claims again.
    func push(at now: Timestamp) -> HandoverDirective {
        if let offer, now < offer.expiresAt { return .pushOffer(offer) }
        return .signOffer(claims.reissued(at: now, lifetime: HandoverTiming.defaultTimeToLive))
    }
}

/// How the offer speaks of the agent's certificate (protocol section 3).
package enum OfferedCertificate: String, CaseIterable, Codable, Sendable {
    /// The leaf without a key: keep what you hold.
    case `repeat`
    /// No certificate at all, for agents that refuse a repeated one.
    case omit
}

/// A target's claim with what the source knows when it comes in.
package struct TokenRedemption: Hashable, Sendable {
    package var redemption: RedemptionID
    package var tokenDigest: [UInt8]
    /// The authenticated peer that claims.
    package var peer: PeerID
    /// The leaf of the agent's row now; `nil` when the row is gone.
    package var leaf: Fingerprint?
    package var leafRevoked: Bool
    /// The epoch of the agent's row now.
    package var epoch: Epoch

    package init(
        redemption: RedemptionID,
        tokenDigest: [UInt8],
        peer: PeerID,
        leaf: Fingerprint?,
        leafRevoked: Bool,
        epoch: Epoch
    ) {
        self.redemption = redemption
        self.tokenDigest = tokenDigest
        self.peer = peer
        self.leaf = leaf
        self.leafRevoked = leafRevoked
        self.epoch = epoch
    }
}
