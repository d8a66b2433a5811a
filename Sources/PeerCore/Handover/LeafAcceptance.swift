public import Certificates
import HandoverToken
public import Vocabulary

/// Who a connecting agent is, decided from the certificate it presented and nothing else (protocol section 2).
public struct LeafAcceptance: Sendable {
    /// `nil` when no certificate was presented.
    public var presented: Certificate?
    /// The request bears a bootstrap token; whether that holds is decided by `BootstrapToken`.
    public var bearsBootstrapToken: Bool
    /// The row whose leaf this is or was.
    public var row: AgentRecord?
    /// Every handover here of this fingerprint.
    public var arrivals: [TargetHandover]
    public var departures: [SourceHandover]
    /// Own CA certificates that are Active or Trusted.
    public var ownAuthorities: [Certificate]
    /// The row has been seen with a newer leaf, and a session with that one is live.
    public var newerLeafIsLive: Bool

    public init(
        presented: Certificate?,
        bearsBootstrapToken: Bool,
        row: AgentRecord?,
        arrivals: [TargetHandover],
        departures: [SourceHandover],
        ownAuthorities: [Certificate],
        newerLeafIsLive: Bool
    ) {
        self.presented = presented
        self.bearsBootstrapToken = bearsBootstrapToken
        self.row = row
        self.arrivals = arrivals
        self.departures = departures
        self.ownAuthorities = ownAuthorities
        self.newerLeafIsLive = newerLeafIsLive
    }

    public enum Decision: Hashable, Sendable {
        case agent(AgentID)
        /// The leaf that this handover waits for; feed `agentConnected`.
        case arriving(HandoverID)
        /// An agent of this server with a handover under way; feed `agentConnected`.
        case departing(AgentID, HandoverID)
        /// An agent that lives on a peer: it gets the offer to go there and nothing else; feed `agentConnected`.
        case homeward(HandoverID)
        case bootstrap
        case refused(LeafRefusal)
    }

    public func decision(at now: Timestamp) -> Decision {
        guard let leaf = presented else { return bearsBootstrapToken ? .bootstrap : .refused(.absent) }
        if row?.leafRevoked == true { return .refused(.revoked(leaf.fingerprint)) }
        if newerLeafIsLive { return .refused(.clone(leaf.fingerprint)) }
        let decision = byHandover(leaf, at: now) ?? byAuthority(leaf, at: now)
        switch decision {
        case .agent, .arriving, .departing, .bootstrap: return decision
        case .homeward, .refused: return isEarly(leaf, at: now).map { .refused(.tooEarly($0)) } ?? decision
        }
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
        if let departure, departure.claims.epoch > arrival?.claims.epoch ?? 0 {
            if departure.phase.isAway { return .homeward(departure.id) }
            let known = arrival.map { admits($0, leaf, at: now) } ?? byAuthority(leaf, at: now)
            guard case .agent(let row) = known else { return known }
            return .departing(row, departure.id)
        }
        return arrival.map { admits($0, leaf, at: now) }
    }

    private func admits(_ arrival: TargetHandover, _ leaf: Certificate, at now: Timestamp) -> Decision {
        let anchors = arrival.claims.source.agentCAs.certificates
        let problems = ChainCheck.problems(leaf: leaf, anchors: anchors, purpose: .client, at: now)
        guard problems.isEmpty, let redemption = arrival.redemption else { return .refused(.notIssued(problems)) }
        switch arrival.phase {
        case .awaiting, .connected: return .arriving(arrival.id)
        case .arrived, .settled: return .agent(redemption.row)
        case .previewed, .redeeming, .lapsed, .withdrawn: return .refused(.unknown(leaf.fingerprint))
        }
    }

    private func byAuthority(_ leaf: Certificate, at now: Timestamp) -> Decision {
        guard let row else { return .refused(.unknown(leaf.fingerprint)) }
        let problems = ChainCheck.problems(leaf: leaf, anchors: ownAuthorities, purpose: .client, at: now)
        guard problems.isEmpty else { return .refused(.notIssued(problems)) }
        guard leaf.uriNames.contains(HandoverURN.agent(row.id)) else { return .refused(.otherAgent(row.id)) }
        switch row.presence {
        case .live, .stale, .offline: return .agent(row.id)
        case .arriving, .movedToPeer, .withdrawn: return .refused(.notHere(row.id, presence: row.presence.text))
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
