package import Certificates
import HandoverToken
package import Vocabulary

/// Who a connecting agent is, decided from the certificate it presented and nothing else (protocol section 2).
package struct LeafAcceptance: Sendable {
    /// `nil` when no certificate was presented.
    package var presented: Certificate?
    /// The request bears a bootstrap token; whether that holds is decided by `BootstrapToken`.
    package var bearsBootstrapToken: Bool
    /// The row whose leaf this is or was.
    package var row: AgentRecord?
    /// Every handover here of this fingerprint.
    package var arrivals: [TargetHandover]
    package var departures: [SourceHandover]
    /// Own CA certificates that are Active or Trusted.
    package var ownAuthorities: [Certificate]
    /// The row's present leaf is another one, and has a live session.
    package var newerLeafIsLive: Bool
    /// The handover it says it comes for, in `Handover-Id`: an agent names it until it has adopted this server.
    package var handover: HandoverID?

    package init(
        presented: Certificate?,
        bearsBootstrapToken: Bool,
        row: AgentRecord?,
        arrivals: [TargetHandover],
        departures: [SourceHandover],
        ownAuthorities: [Certificate],
        newerLeafIsLive: Bool,
        handover: HandoverID? = nil
    ) {
        self.presented = presented
        self.bearsBootstrapToken = bearsBootstrapToken
        self.row = row
        self.arrivals = arrivals
        self.departures = departures
        self.ownAuthorities = ownAuthorities
        self.newerLeafIsLive = newerLeafIsLive
        self.handover = handover
    }

    package enum Decision: Hashable, Sendable {
        case agent(AgentID)
        /// The leaf that this handover waits for; feed `agentConnected`.
        case arriving(AgentID, HandoverID)
        /// An agent that lives on a peer: it gets the offer to go there and nothing else; feed `agentConnected`.
        case movedOn(AgentID, HandoverID)
        case bootstrap
        case refused(LeafRefusal)
    }

    package func decision(at now: Timestamp) -> Decision {
        guard let leaf = presented else { return bearsBootstrapToken ? .bootstrap : .refused(.absent) }
        let decision = decision(on: leaf, at: now)
        // A host that is about to enrol may hold a certificate from elsewhere, or one that is over here.
        if case .refused(let refusal) = decision, bearsBootstrapToken, refusal.isCuredByEnrolment { return .bootstrap }
        return decision
    }

    private func decision(on leaf: Certificate, at now: Timestamp) -> Decision {
        if row?.leafRevoked == true { return .refused(.revoked(leaf.fingerprint)) }
        if let refusal = replaced(leaf.fingerprint, at: now) { return .refused(refusal) }
        let decision = byHandover(leaf, at: now) ?? byAuthority(leaf, at: now)
        switch decision {
        case .bootstrap: return decision
        case .agent, .arriving: return refusedToCome(decision) ?? decision
        case .movedOn, .refused:
            if let early = isEarly(leaf, at: now) { return .refused(.tooEarly(early)) }
            return refusedToCome(decision) ?? decision
        }
    }

    /// Not while the row waits: a handover may bring another leaf than the agent left with.
    private func replaced(_ leaf: Fingerprint, at now: Timestamp) -> LeafRefusal? {
        guard let row, row.presence != .arriving, let present = row.fingerprint, leaf != present,
            leaf != row.pendingLeaf?.fingerprint,
            row.previousLeaf == leaf || arrivals.contains(where: { $0.claims.leaf == leaf && $0.phase.hasArrived })
        else { return nil }
        if newerLeafIsLive { return .clone(leaf, row: row.id) }
        return row.honours(leaf, at: now) ? nil : .replaced(leaf, row: row.id)
    }

    /// An agent that arrives through a handover treats an accepted connection as proof that the handover succeeded.
    /// When the handover can no longer succeed, the connection is refused even if the leaf has a row here: its own
    /// server expects it back.
    private func refusedToCome(_ decision: Decision) -> Decision? {
        guard let handover else { return nil }
        let isMeant =
            switch decision {
            case .arriving(_, let awaited): awaited == handover
            // An agent that was set back to before its arrival here is led on to wherever it has gone since.
            case .agent, .movedOn: arrivals.contains { $0.id == handover && $0.phase.hasArrived }
            case .bootstrap, .refused: true
            }
        return isMeant ? nil : .refused(.notAwaited(handover))
    }

    /// The handover by which it comes, when it is here before the source's answer to the claim: the source may have
    /// offered already, and the claim is asked again until it is answered.
    private func isEarly(_ leaf: Certificate, at now: Timestamp) -> HandoverID? {
        let claimed = arrivals.filter { $0.claims.leaf == leaf.fingerprint && $0.phase == .redeeming }
        guard let latest = claimed.max(by: { $0.claims.epoch < $1.claims.epoch }),
            departures.allSatisfy({ !$0.phase.concernsLeaf || $0.claims.epoch < latest.claims.epoch })
        else { return nil }
        let anchors = latest.claims.source.agentCAs.certificates
        return ChainCheck.problems(leaf: leaf, anchors: anchors, purpose: .client, at: now).isEmpty ? latest.id : nil
    }

    /// The handover with the highest epoch that still says something about where the agent belongs.
    private func byHandover(_ leaf: Certificate, at now: Timestamp) -> Decision? {
        let arriving = arrivals.filter { $0.claims.leaf == leaf.fingerprint && $0.phase.admitsLeaf }
        let departing = departures.filter { $0.claims.leaf == leaf.fingerprint && $0.phase.concernsLeaf }
        let arrival = arriving.max { $0.claims.epoch < $1.claims.epoch }
        let departure = departing.max { $0.claims.epoch < $1.claims.epoch }
        if let departure, departure.claims.epoch > arrival?.claims.epoch ?? 0, departure.phase.isAway {
            return .movedOn(departure.agent, departure.id)
        }
        return arrival.map { admits($0, leaf, at: now) }
    }

    private func admits(_ arrival: TargetHandover, _ leaf: Certificate, at now: Timestamp) -> Decision {
        let anchors = arrival.claims.source.agentCAs.certificates
        let problems = ChainCheck.problems(leaf: leaf, anchors: anchors, purpose: .client, at: now)
        guard problems.isEmpty, let redemption = arrival.redemption else { return .refused(.notIssued(problems)) }
        switch arrival.phase {
        case .awaiting, .connected: return .arriving(redemption.row, arrival.id)
        case .arrived, .settled:
            // It may have gone on from here with another leaf, and be awaited back with that one.
            return row.flatMap { $0.id == redemption.row ? asMember($0) : nil } ?? .agent(redemption.row)
        case .previewed, .redeeming, .lapsed, .withdrawn: return .refused(.unknown(leaf.fingerprint))
        }
    }

    private func byAuthority(_ leaf: Certificate, at now: Timestamp) -> Decision {
        guard let row else { return .refused(.unknown(leaf.fingerprint)) }
        let problems = ChainCheck.problems(leaf: leaf, anchors: ownAuthorities, purpose: .client, at: now)
        guard problems.isEmpty else { return .refused(.notIssued(problems)) }
        guard leaf.uriNames.contains(HandoverURN.agent(row.id)) else { return .refused(.otherAgent(row.id)) }
        return asMember(row)
    }

    private func asMember(_ row: AgentRecord) -> Decision {
        switch row.presence {
        case .live, .stale, .offline: .agent(row.id)
        case .arriving, .movedToPeer, .withdrawn: .refused(.notHere(row.id, presence: row.presence.text))
        }
    }
}

extension TargetHandover.Phase {
    /// The agent is this server's by it.
    package var hasArrived: Bool {
        switch self {
        case .arrived, .settled: true
        case .previewed, .redeeming, .awaiting, .connected, .lapsed, .withdrawn: false
        }
    }
}

extension SourceHandover.Phase {
    /// It has a say about a leaf that connects.
    fileprivate var concernsLeaf: Bool {
        switch self {
        case .redeemed, .offered, .leaving, .moved, .settled: true
        case .issued, .expired, .cancelled, .returned: false
        }
    }

    fileprivate var isAway: Bool {
        switch self {
        case .moved, .settled: true
        case .issued, .redeemed, .offered, .leaving, .expired, .cancelled, .returned: false
        }
    }
}
