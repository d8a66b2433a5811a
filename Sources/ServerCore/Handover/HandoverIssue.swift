package import Certificates
package import HandoverToken
import OpAMPProto
package import Vocabulary

/// The rows and facts from which a source issues a handover.
package struct HandoverIssue: Sendable {
    package var agent: AgentRecord
    package var peer: PeerRecord
    /// The agent's other handovers that have not ended, in either direction.
    package var open: (id: HandoverID, phase: String)?
    package var server: PeerID
    /// This server's name as the target may show it.
    package var serverName: String
    /// Own agent CAs, and those recorded for a leaf that came here by an earlier handover.
    package var agentCAs: [Certificate]
    package var timeToLive: Duration
    package var probation: Duration
    /// The highest epoch that another server is known to hold of this agent. A server that was set back to a backup
    /// does not know of it, and would issue tokens that nobody accepts.
    package var laterThan: Epoch

    package init(
        agent: AgentRecord,
        peer: PeerRecord,
        open: (id: HandoverID, phase: String)?,
        server: PeerID,
        serverName: String,
        agentCAs: [Certificate],
        timeToLive: Duration = HandoverTiming.defaultTimeToLive,
        probation: Duration = HandoverTiming.defaultProbation,
        laterThan: Epoch = 0
    ) {
        self.agent = agent
        self.peer = peer
        self.open = open
        self.server = server
        self.serverName = serverName
        self.agentCAs = agentCAs
        self.timeToLive = timeToLive
        self.probation = probation
        self.laterThan = laterThan
    }

    /// The claims to sign.
    ///
    /// - Parameter id: 128 random bits.
    /// - Throws: the first precondition of protocol section 6.1 that does not hold.
    package func claims(id: HandoverID, at now: Timestamp) throws(HandoverRefusal) -> HandoverClaims {
        guard HandoverClaims.Purpose.handover.lifetimes.contains(timeToLive) else { throw .timeToLiveOutOfRange }
        guard HandoverClaims.probations.contains(probation) else { throw .probationOutOfRange }
        let (target, endpoint) = try checkedTarget()
        guard agent.presence.isHere else { throw .agentElsewhere(presence: agent.presence.text) }
        if let open { throw .handoverOpen(open.id, phase: open.phase) }
        guard agent.acceptsConnectionSettings else { throw .agentLacksCapability }
        guard let leaf = agent.leaf else { throw .agentHasNoLeaf }
        guard !agent.leafRevoked else { throw .leafRevoked(leaf.fingerprint) }
        let issuers = agentCAs.filter {
            ChainCheck.problems(leaf: leaf, anchors: [$0], purpose: .client, at: now).isEmpty
        }
        // An agent that has been here before brings this server's own authority back with it.
        guard let agentCAs = try? AgentCAs(CertificateBundle(issuers)) else {
            throw .leafNotValid(ChainCheck.problems(leaf: leaf, anchors: agentCAs, purpose: .client, at: now))
        }
        return HandoverClaims(
            id: id, issuer: server, audience: peer.id, issuedAt: now, expiresAt: now + timeToLive,
            leaf: leaf.fingerprint,
            agent: .init(
                row: agent.id, instanceUID: agent.instanceUID, displayName: agent.displayName,
                capabilities: agent.capabilities.rawValue, group: agent.group, configuration: agent.configuration),
            target: .init(
                name: peer.name, endpoint: endpoint, serverCAs: target.serverCAs, tokenSigners: target.tokenSigners),
            source: .init(name: serverName, agentCAs: agentCAs),
            epoch: max(agent.epoch, laterThan) + 1, probation: probation)
    }

    /// What the operator should know although the token is issued.
    package var warnings: [String] {
        switch agent.presence {
        case .live: []
        case .stale, .offline, .arriving, .movedToPeer, .withdrawn:
            ["The agent is \(agent.presence.text): the offer waits until it connects."]
        }
    }

    private func checkedTarget() throws(HandoverRefusal) -> (PeerTrust, Endpoint) {
        guard peer.enabled else { throw .peerDisabled(peer.name) }
        guard peer.inbound != nil else { throw .peerIncomplete(peer.name, missing: "inbound secret") }
        guard peer.outbound != nil else { throw .peerIncomplete(peer.name, missing: "outbound secret") }
        guard peer.lastContact != nil else { throw .peerIncomplete(peer.name, missing: "successful contact") }
        guard let endpoint = peer.opampEndpoint else { throw .peerIncomplete(peer.name, missing: "OpAMP endpoint") }
        return (peer.trust, endpoint)
    }
}
