package import Vocabulary

/// Asks for a handover token.
package struct HandoverIssue: Codable, Hashable, Sendable {
    /// The row's identifier; text, so that an agent of a peer is refused by name.
    package var agent: String
    /// The target's name here.
    package var peer: String
    /// 1 minute to 24 hours; an hour when absent.
    package var ttlSeconds: Int?
    /// 5 minutes when absent.
    package var probationSeconds: Int?
    /// `repeat` when absent.
    package var certificate: CertificateChoice?
    /// The epoch becomes higher than this one; 0 when absent.
    package var laterThan: Epoch?

    package init(
        agent: String,
        peer: String,
        ttlSeconds: Int? = nil,
        probationSeconds: Int? = nil,
        certificate: CertificateChoice? = nil,
        laterThan: Epoch? = nil
    ) {
        self.agent = agent
        self.peer = peer
        self.ttlSeconds = ttlSeconds
        self.probationSeconds = probationSeconds
        self.certificate = certificate
        self.laterThan = laterThan
    }
}

/// The token, shown to the operator who asked.
package struct IssuedHandover: Codable, Hashable, Sendable {
    package var handover: HandoverSummary
    package var token: String
    /// For example: the agent is offline.
    package var warnings: [String]

    package init(handover: HandoverSummary, token: String, warnings: [String] = []) {
        self.handover = handover
        self.token = token
        self.warnings = warnings
    }
}

/// A pasted token.
package struct TokenText: Codable, Hashable, Sendable {
    package var token: String

    package init(token: String) {
        self.token = token
    }
}

/// What a token would do here; nothing has changed yet.
package struct HandoverPreview: Codable, Hashable, Sendable {
    package var handover: HandoverID
    /// The source's name here.
    package var source: String
    package var sourcePeerID: PeerID
    /// The agent's row on the source.
    package var sourceAgent: AgentID
    package var displayName: String
    package var instanceUID: InstanceUID
    package var fingerprint: Fingerprint
    package var capabilities: [String]
    /// Where the agent will dial.
    package var endpoint: String
    package var issuedAt: Timestamp
    package var expiresAt: Timestamp
    package var epoch: Epoch
    package var purpose: String
    package var sourceGroup: String?
    package var sourceConfiguration: String?
    /// The group of the same name here, when there is one.
    package var group: String?
    /// The configuration of the same name here, when there is one.
    package var configuration: String?
    /// The agent's own row that comes to life again, when it was here before.
    package var returnsTo: AgentID?
    /// What a redemption would be refused for without another choice.
    package var problems: [Problem]

    package init(
        handover: HandoverID,
        source: String,
        sourcePeerID: PeerID,
        sourceAgent: AgentID,
        displayName: String,
        instanceUID: InstanceUID,
        fingerprint: Fingerprint,
        capabilities: [String],
        endpoint: String,
        issuedAt: Timestamp,
        expiresAt: Timestamp,
        epoch: Epoch,
        purpose: String,
        sourceGroup: String? = nil,
        sourceConfiguration: String? = nil,
        group: String? = nil,
        configuration: String? = nil,
        returnsTo: AgentID? = nil,
        problems: [Problem] = []
    ) {
        self.handover = handover
        self.source = source
        self.sourcePeerID = sourcePeerID
        self.sourceAgent = sourceAgent
        self.displayName = displayName
        self.instanceUID = instanceUID
        self.fingerprint = fingerprint
        self.capabilities = capabilities
        self.endpoint = endpoint
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.epoch = epoch
        self.purpose = purpose
        self.sourceGroup = sourceGroup
        self.sourceConfiguration = sourceConfiguration
        self.group = group
        self.configuration = configuration
        self.returnsTo = returnsTo
        self.problems = problems
    }
}

/// Confirms a preview.
package struct HandoverRedemption: Codable, Hashable, Sendable {
    package var token: String
    /// Absent: the group of the same name when there is one, else none.
    package var group: String?
    /// Absent: the configuration named in the token.
    package var configuration: String?
    /// Redeem although the named configuration is missing, and assign none.
    package var withoutConfiguration: Bool?

    package init(
        token: String,
        group: String? = nil,
        configuration: String? = nil,
        withoutConfiguration: Bool? = nil
    ) {
        self.token = token
        self.group = group
        self.configuration = configuration
        self.withoutConfiguration = withoutConfiguration
    }
}

/// Ends a handover that has not arrived.
package struct HandoverCancellation: Codable, Hashable, Sendable {
    package var reason: String?

    package init(reason: String? = nil) {
        self.reason = reason
    }
}

/// One handover as this server sees it.
package struct HandoverSummary: Codable, Hashable, Sendable {
    package var id: HandoverID
    package var role: OpenWord<HandoverRole>
    package var phase: OpenWord<HandoverPhase>
    package var peer: String
    package var peerID: PeerID
    /// The row here; absent on a target before redemption.
    package var agent: AgentID?
    package var displayName: String
    package var fingerprint: Fingerprint
    package var epoch: Epoch
    package var issuedAt: Timestamp
    package var expiresAt: Timestamp
    package var updatedAt: Timestamp
    package var traceID: String

    package init(
        id: HandoverID,
        role: OpenWord<HandoverRole>,
        phase: OpenWord<HandoverPhase>,
        peer: String,
        peerID: PeerID,
        agent: AgentID? = nil,
        displayName: String,
        fingerprint: Fingerprint,
        epoch: Epoch,
        issuedAt: Timestamp,
        expiresAt: Timestamp,
        updatedAt: Timestamp,
        traceID: String
    ) {
        self.id = id
        self.role = role
        self.phase = phase
        self.peer = peer
        self.peerID = peerID
        self.agent = agent
        self.displayName = displayName
        self.fingerprint = fingerprint
        self.epoch = epoch
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.updatedAt = updatedAt
        self.traceID = traceID
    }
}

/// One handover with its story.
package struct HandoverDetail: Codable, Hashable, Sendable {
    package var summary: HandoverSummary
    /// The agent's row on the source.
    package var originAgent: AgentID
    package var instanceUID: InstanceUID
    package var endpoint: String
    package var group: String?
    package var configuration: String?
    /// On a target: when it lapses.
    package var deadline: Timestamp?
    package var probationEnds: Timestamp?
    /// Why it ended otherwise than settled.
    package var ending: String?
    package var events: [HandoverMoment]

    package init(
        summary: HandoverSummary,
        originAgent: AgentID,
        instanceUID: InstanceUID,
        endpoint: String,
        group: String? = nil,
        configuration: String? = nil,
        deadline: Timestamp? = nil,
        probationEnds: Timestamp? = nil,
        ending: String? = nil,
        events: [HandoverMoment]
    ) {
        self.summary = summary
        self.originAgent = originAgent
        self.instanceUID = instanceUID
        self.endpoint = endpoint
        self.group = group
        self.configuration = configuration
        self.deadline = deadline
        self.probationEnds = probationEnds
        self.ending = ending
        self.events = events
    }
}

/// One audited moment of a handover.
package struct HandoverMoment: Codable, Hashable, Sendable {
    package var at: Timestamp
    package var action: OpenWord<AuditAction>
    package var phase: OpenWord<HandoverPhase>?
    package var text: String

    package init(at: Timestamp, action: OpenWord<AuditAction>, phase: OpenWord<HandoverPhase>? = nil, text: String) {
        self.at = at
        self.action = action
        self.phase = phase
        self.text = text
    }
}

extension HandoverSummary {
    /// A redemption that the source has not confirmed: it is asked again until the token ends.
    package var isUnconfirmed: Bool { role == .target && phase == .redeeming }
}
