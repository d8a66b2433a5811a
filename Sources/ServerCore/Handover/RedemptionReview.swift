package import Certificates
package import HandoverToken
package import Vocabulary

/// What a target checks about a verified token against its own state: protocol sections 6.2 and 6.3.
package struct RedemptionReview: Sendable {
    package var claims: HandoverClaims
    package var peer: PeerRecord
    /// An earlier record of the same handover here.
    package var known: TargetHandover?
    /// Every row here with the token's instance uid or leaf.
    package var sameUID: [AgentRecord]
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
        sameUID: [AgentRecord],
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
        self.sameUID = sameUID
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

    /// The row that an agent coming back gets again: marked moved, and of this leaf or else moved to this very source.
    package var returningRow: AgentRecord? {
        sameUID.filter { row in
            switch row.presence {
            case .movedToPeer(let peer, _): row.fingerprint == claims.leaf || peer == claims.issuer
            case .live, .stale, .offline, .arriving, .withdrawn: false
            }
        }.max { (hasLeaf($0) ? 1 : 0, $0.epoch) < (hasLeaf($1) ? 1 : 0, $1.epoch) }
    }

    private func hasLeaf(_ row: AgentRecord) -> Bool { row.fingerprint == claims.leaf }

    /// The row of a handover to here that came to nothing after the agent had been seen.
    private var abandonedRow: AgentRecord? { sameUID.first { $0.presence == .withdrawn && hasLeaf($0) } }

    /// The row that will be the agent's, unless it gets a new one. Two rows never have one leaf, so a row that has this
    /// one comes first.
    private var ownRow: AgentRecord? {
        returningRow.map(hasLeaf) == true ? returningRow : abandonedRow ?? returningRow
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
        if sameUID.contains(where: { $0.leafRevoked && (hasLeaf($0) || $0.previousLeaf == claims.leaf) }) {
            found.append(.leafRevoked(claims.leaf))
        }
        if let latest = sameUID.filter(hasLeaf).map(\.epoch).max(), latest >= claims.epoch {
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
        if let other = sameUID.first(where: { $0.presence.isHere && !$0.leafRevoked }) {
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
    ///   - arrivalTime: how long the agent is waited for.
    /// - Throws: the first of `problems`.
    package func redemption(
        _ id: RedemptionID,
        choice: Choice,
        newRow: AgentID,
        arrivalTime: Duration = HandoverTiming.defaultArrival,
        at now: Timestamp
    ) throws(HandoverRefusal) -> Redemption {
        if let problem = problems(with: choice, at: now).first { throw problem }
        return Redemption(
            id: id, row: ownRow?.id ?? newRow, reusesRow: ownRow != nil && ownRow?.id == returningRow?.id,
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
