public import Vocabulary

/// Asks for a handover token.
public struct HandoverIssue: Codable, Hashable, Sendable {
    /// The row's identifier; text, so that an agent of a peer is refused by name.
    public var agent: String
    /// The target's name here.
    public var peer: String
    /// 1 minute to 24 hours; an hour when absent.
    public var ttlSeconds: Int?
    /// 5 minutes when absent.
    public var probationSeconds: Int?
    /// `repeat` (the default) or `omit`: whether the offer repeats the agent's leaf.
    public var certificate: String?

    public init(
        agent: String,
        peer: String,
        ttlSeconds: Int? = nil,
        probationSeconds: Int? = nil,
        certificate: String? = nil
    ) {
        self.agent = agent
        self.peer = peer
        self.ttlSeconds = ttlSeconds
        self.probationSeconds = probationSeconds
        self.certificate = certificate
    }
}

/// The token, shown to the operator who asked.
public struct IssuedHandover: Codable, Hashable, Sendable {
    public var handover: HandoverSummary
    public var token: String
    /// For example: the agent is offline.
    public var warnings: [String]

    public init(handover: HandoverSummary, token: String, warnings: [String] = []) {
        self.handover = handover
        self.token = token
        self.warnings = warnings
    }
}

/// A pasted token.
public struct TokenText: Codable, Hashable, Sendable {
    public var token: String

    public init(token: String) {
        self.token = token
    }
}

/// What a token would do here; nothing has changed yet.
public struct HandoverPreview: Codable, Hashable, Sendable {
    public var handover: HandoverID
    /// The source's name here.
    public var source: String
    public var sourcePeerID: PeerID
    /// The agent's row on the source.
    public var sourceAgent: AgentID
    public var displayName: String
    public var instanceUID: InstanceUID
    public var fingerprint: Fingerprint
    public var capabilities: [String]
    /// Where the agent will dial.
    public var endpoint: String
    public var issuedAt: Timestamp
    public var expiresAt: Timestamp
    public var epoch: Epoch
    public var purpose: String
    public var sourceGroup: String?
    public var sourceConfiguration: String?
    /// The group of the same name here, when there is one.
    public var group: String?
    /// The configuration of the same name here, when there is one.
    public var configuration: String?
    /// The agent's own row that comes to life again, when it was here before.
    public var returnsTo: AgentID?
    /// What a redemption would be refused for without another choice.
    public var problems: [Problem]

    public init(
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
public struct HandoverRedemption: Codable, Hashable, Sendable {
    public var token: String
    /// Absent: the group of the same name when there is one, else none.
    public var group: String?
    /// Absent: the configuration named in the token.
    public var configuration: String?
    /// Redeem although the named configuration is missing, and assign none.
    public var withoutConfiguration: Bool?

    public init(
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
public struct HandoverCancellation: Codable, Hashable, Sendable {
    public var reason: String?

    public init(reason: String? = nil) {
        self.reason = reason
    }
}

/// One handover as this server sees it.
public struct HandoverSummary: Codable, Hashable, Sendable {
    public var id: HandoverID
    /// `source` or `target`.
    public var role: String
    public var phase: String
    public var peer: String
    public var peerID: PeerID
    /// The row here; absent on a target before redemption.
    public var agent: AgentID?
    public var displayName: String
    public var fingerprint: Fingerprint
    public var epoch: Epoch
    public var issuedAt: Timestamp
    public var expiresAt: Timestamp
    public var updatedAt: Timestamp
    public var traceID: String

    public init(
        id: HandoverID,
        role: String,
        phase: String,
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
public struct HandoverDetail: Codable, Hashable, Sendable {
    public var summary: HandoverSummary
    /// The agent's row on the source.
    public var originAgent: AgentID
    public var instanceUID: InstanceUID
    public var endpoint: String
    public var group: String?
    public var configuration: String?
    /// On a target: when it lapses.
    public var deadline: Timestamp?
    public var probationEnds: Timestamp?
    /// Why it ended otherwise than settled.
    public var ending: String?
    public var events: [HandoverMoment]

    public init(
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
public struct HandoverMoment: Codable, Hashable, Sendable {
    public var at: Timestamp
    public var action: String
    public var phase: String?
    public var text: String

    public init(at: Timestamp, action: String, phase: String? = nil, text: String) {
        self.at = at
        self.action = action
        self.phase = phase
        self.text = text
    }
}

extension HandoverSummary {
    /// A redemption that the source has not confirmed: it is asked again until the token ends.
    public var isUnconfirmed: Bool { role == "target" && phase == "redeeming" }
}
