package import Certificates
package import HandoverToken
package import Vocabulary

/// What a target checks about a verified token against its own state: protocol sections 6.2 and 6.3.
package struct RedemptionReview: Sendable {
    package var claims: HandoverClaims
    package var peer: PeerRecord
    /// An earlier record of the same handover here.
    package var known: TargetHandover?
    /// Every row here with the token's leaf or instance uid. The leaf tells whose row it is; the uid is the agent's own
    /// word, and only tells whether it is free.
    package var rows: [AgentRecord]
    /// Where the agents of those rows went.
    package var departures: [SourceHandover]
    package var ownEndpoints: Set<Endpoint>
    /// The listener's present certificate, and what it sends with it.
    package var listener: Certificate
    package var listenerIntermediates: [Certificate]
    package var groups: Set<String>
    package var configurations: Set<String>
    /// `nil` when the source was not asked: its answer to the redemption decides.
    package var source: SourceAnswer?

    package init(
        claims: HandoverClaims,
        peer: PeerRecord,
        known: TargetHandover?,
        rows: [AgentRecord],
        departures: [SourceHandover],
        ownEndpoints: Set<Endpoint>,
        listener: Certificate,
        listenerIntermediates: [Certificate] = [],
        groups: Set<String>,
        configurations: Set<String>,
        source: SourceAnswer?
    ) {
        self.claims = claims
        self.peer = peer
        self.known = known
        self.rows = rows
        self.departures = departures
        self.ownEndpoints = ownEndpoints
        self.listener = listener
        self.listenerIntermediates = listenerIntermediates
        self.groups = groups
        self.configurations = configurations
        self.source = source
    }

    /// What the operator chose in the redemption form.
    package struct Choice: Hashable, Sendable {
        /// `nil`: the group named in the token when there is one here, else none.
        package var group: String?
        /// `nil`: the configuration named in the token, which then must exist here.
        package var configuration: String?
        package var withoutConfiguration: Bool

        package init(group: String? = nil, configuration: String? = nil, withoutConfiguration: Bool = false) {
            self.group = group
            self.configuration = configuration
            self.withoutConfiguration = withoutConfiguration
        }
    }

    /// The row that will be the agent's, unless it gets a new one: the one with its leaf, whose agent is not here. When
    /// the peer has replaced the leaf, the one whose agent arrived there as the row that the token names: so the peer
    /// itself said.
    private var ownRow: AgentRecord? {
        rows.filter { !$0.presence.isHere && hasLeaf($0) }.max { $0.epoch < $1.epoch }
            ?? rows.filter { $0.isMoved(to: claims.issuer) && returned(to: $0) }.max { $0.epoch < $1.epoch }
    }

    /// The row that an agent coming back gets again.
    package var returningRow: AgentRecord? { ownRow.flatMap { $0.isMoved ? $0 : nil } }

    private func hasLeaf(_ row: AgentRecord) -> Bool { row.fingerprint == claims.leaf }

    private func returned(to row: AgentRecord) -> Bool {
        departures.contains {
            $0.agent == row.id && $0.claims.audience == claims.issuer && $0.targetRow == claims.agent.row
        }
    }

    /// Another agent that is here has the uid.
    private func owner(of uid: InstanceUID) -> AgentRecord? {
        rows.first { $0.presence.isHere && !$0.leafRevoked && $0.instanceUID == uid }
    }

    /// Everything that stands against the redemption, most important first; empty means it may be confirmed.
    package func problems(with choice: Choice = Choice(), at now: Timestamp) -> [HandoverRefusal] {
        var found: [HandoverRefusal] = []
        if !peer.enabled { found.append(.peerDisabled(peer.name)) }
        if let known {
            found.append(
                known.phase == .lapsed || known.phase == .withdrawn
                    ? .over(phase: known.phase.rawValue) : .alreadyRedeemed)
        }
        if rows.contains(where: { $0.leafRevoked && (hasLeaf($0) || $0.previousLeaf == claims.leaf) }) {
            found.append(.leafRevoked(claims.leaf))
        }
        if let latest = rows.filter(hasLeaf).map(\.epoch).max(), latest >= claims.epoch {
            found.append(.staleEpoch(claims.epoch, known: latest))
        }
        if !ownEndpoints.contains(claims.target.endpoint) {
            found.append(.endpointNotMine(claims.target.endpoint.description))
        } else {
            let problems = ChainCheck.problems(
                leaf: listener, intermediates: listenerIntermediates, anchors: claims.target.serverCAs.certificates,
                purpose: .server(host: claims.target.endpoint.host), at: now)
            if !problems.isEmpty { found.append(.listenerNotCovered(problems)) }
        }
        if let present = rows.first(where: { $0.presence.isHere && !$0.leafRevoked && hasLeaf($0) }) {
            found.append(.agentHere(present.id))
        } else if ownRow == nil, let other = owner(of: claims.agent.instanceUID) {
            found.append(.uidCollision(claims.agent.instanceUID, row: other.id))
        }
        if let group = choice.group, !groups.contains(group) { found.append(.groupMissing(group)) }
        if let wanted = wantedConfiguration(choice), !configurations.contains(wanted) {
            found.append(.configurationMissing(wanted))
        }
        // A disabled peer is not asked.
        if peer.enabled, let problem = source?.problem(at: peer, own: known?.redemption?.id) { found.append(problem) }
        return found
    }

    /// The confirmed choice.
    ///
    /// - Parameters:
    ///   - id: 128 random bits.
    ///   - newRow: the identifier of the row to create, unless a row of the agent's own is used again.
    ///   - freshUID: for that row, when another agent has taken its uid since.
    ///   - arrivalTime: how long the agent is waited for.
    /// - Throws: the first of `problems`.
    package func redemption(
        _ id: RedemptionID,
        choice: Choice,
        newRow: AgentID,
        freshUID: InstanceUID,
        arrivalTime: Duration = HandoverTiming.defaultArrival,
        at now: Timestamp
    ) throws(HandoverRefusal) -> Redemption {
        if let problem = problems(with: choice, at: now).first { throw problem }
        let (own, isTaken) = (ownRow, ownRow.map { owner(of: $0.instanceUID) != nil } ?? false)
        return Redemption(
            id: id, row: own?.id ?? newRow, reusesRow: returningRow != nil, instanceUID: isTaken ? freshUID : nil,
            group: group(choice), configuration: wantedConfiguration(choice), arrivalTime: arrivalTime)
    }

    /// The group the agent would get.
    package func group(_ choice: Choice) -> String? {
        choice.group ?? claims.agent.group.flatMap { groups.contains($0) ? $0 : nil }
    }

    private func wantedConfiguration(_ choice: Choice) -> String? {
        choice.withoutConfiguration ? nil : choice.configuration ?? claims.agent.configuration
    }
}

extension AgentRecord {
    fileprivate var isMoved: Bool {
        switch presence {
        case .movedToPeer: true
        case .live, .stale, .offline, .arriving, .withdrawn: false
        }
    }

    fileprivate func isMoved(to other: PeerID) -> Bool {
        switch presence {
        case .movedToPeer(let peer, _): peer == other
        case .live, .stale, .offline, .arriving, .withdrawn: false
        }
    }
}
