public import Vocabulary

/// Where an agent is, as its row tells.
public enum AgentPresence: String, Codable, Hashable, Sendable, CaseIterable {
    case live, stale, offline, arriving, withdrawn
    case movedToPeer = "moved-to-peer"
}

/// One row of the fleet.
public struct AgentSummary: Codable, Hashable, Sendable {
    /// The row's identifier, or `peer:<name>/<id>` for an agent of a peer.
    public var id: String
    public var displayName: String
    public var instanceUID: InstanceUID
    public var fingerprint: Fingerprint
    /// `live`, `stale`, `offline`, `arriving`, `moved-to-peer` or `withdrawn`.
    public var presence: String
    /// With `moved-to-peer`: the peer's name.
    public var movedTo: String?
    public var healthy: Bool?
    public var group: String?
    public var configuration: String?
    public var epoch: Epoch
    public var lastSeen: Timestamp?

    public init(
        id: String,
        displayName: String,
        instanceUID: InstanceUID,
        fingerprint: Fingerprint,
        presence: String,
        movedTo: String? = nil,
        healthy: Bool? = nil,
        group: String? = nil,
        configuration: String? = nil,
        epoch: Epoch,
        lastSeen: Timestamp? = nil
    ) {
        self.id = id
        self.displayName = displayName
        self.instanceUID = instanceUID
        self.fingerprint = fingerprint
        self.presence = presence
        self.movedTo = movedTo
        self.healthy = healthy
        self.group = group
        self.configuration = configuration
        self.epoch = epoch
        self.lastSeen = lastSeen
    }
}

/// Everything the server knows of one agent.
public struct AgentDetail: Codable, Hashable, Sendable {
    public var summary: AgentSummary
    public var attributes: [Attribute]
    /// Names as the specification spells them.
    public var capabilities: [String]
    public var health: Health?
    public var leaf: LeafFacts
    public var configurationStatus: ConfigurationStatus?
    public var origin: Origin?
    /// When two hosts were last seen to use its identity.
    public var copyDetectedAt: Timestamp?
    /// Parts of its report that are too large to keep.
    public var tooLarge: [String]?
    /// Of its row and of its leaf, the youngest first.
    public var handovers: [HandoverSummary]

    public init(
        summary: AgentSummary,
        attributes: [Attribute],
        capabilities: [String],
        health: Health? = nil,
        leaf: LeafFacts,
        configurationStatus: ConfigurationStatus? = nil,
        origin: Origin? = nil,
        copyDetectedAt: Timestamp? = nil,
        tooLarge: [String]? = nil,
        handovers: [HandoverSummary]
    ) {
        self.summary = summary
        self.attributes = attributes
        self.capabilities = capabilities
        self.health = health
        self.leaf = leaf
        self.configurationStatus = configurationStatus
        self.origin = origin
        self.copyDetectedAt = copyDetectedAt
        self.tooLarge = tooLarge
        self.handovers = handovers
    }
}

/// One attribute of an agent's description, its value as text.
public struct Attribute: Codable, Hashable, Sendable {
    public var key: String
    public var value: String
    public var identifying: Bool

    public init(key: String, value: String, identifying: Bool) {
        self.key = key
        self.value = value
        self.identifying = identifying
    }
}

/// The agent's own report.
public struct Health: Codable, Hashable, Sendable {
    public var healthy: Bool
    public var status: String
    public var lastError: String
    public var since: Timestamp?

    public init(healthy: Bool, status: String, lastError: String, since: Timestamp? = nil) {
        self.healthy = healthy
        self.status = status
        self.lastError = lastError
        self.since = since
    }
}

/// A leaf certificate in the words an operator compares.
public struct LeafFacts: Codable, Hashable, Sendable {
    public var fingerprint: Fingerprint
    public var subject: String
    public var issuer: String
    public var serialNumber: String
    public var notBefore: Timestamp
    public var notAfter: Timestamp
    public var revoked: Bool
    /// The leaf this one renewed.
    public var previous: Fingerprint?

    public init(
        fingerprint: Fingerprint,
        subject: String,
        issuer: String,
        serialNumber: String,
        notBefore: Timestamp,
        notAfter: Timestamp,
        revoked: Bool,
        previous: Fingerprint? = nil
    ) {
        self.fingerprint = fingerprint
        self.subject = subject
        self.issuer = issuer
        self.serialNumber = serialNumber
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.revoked = revoked
        self.previous = previous
    }
}

/// What the agent says of the configuration it was sent.
public struct ConfigurationStatus: Codable, Hashable, Sendable {
    /// `unset`, `applied`, `applying` or `failed`.
    public var status: String
    public var hash: String
    public var errorMessage: String

    public init(status: String, hash: String, errorMessage: String) {
        self.status = status
        self.hash = hash
        self.errorMessage = errorMessage
    }
}

/// Where an agent was before it was handed over to this server.
public struct Origin: Codable, Hashable, Sendable {
    public var peer: String
    public var peerID: PeerID
    /// The agent's row on that peer.
    public var agent: AgentID
    public var handover: HandoverID

    public init(peer: String, peerID: PeerID, agent: AgentID, handover: HandoverID) {
        self.peer = peer
        self.peerID = peerID
        self.agent = agent
        self.handover = handover
    }
}

/// Changes the group and the configuration of one agent. What is absent stays; an agent that enters a group and is given
/// no configuration gets the group's, if it has one.
public struct Assignment: Codable, Hashable, Sendable {
    public var group: String?
    public var configuration: String?
    /// The agent leaves its group.
    public var withoutGroup: Bool?
    /// The agent has no configuration.
    public var withoutConfiguration: Bool?

    public init(
        group: String? = nil,
        configuration: String? = nil,
        withoutGroup: Bool? = nil,
        withoutConfiguration: Bool? = nil
    ) {
        self.group = group
        self.configuration = configuration
        self.withoutGroup = withoutGroup
        self.withoutConfiguration = withoutConfiguration
    }
}

/// Saves a group. An absent configuration leaves a group that exists with the one it has.
public struct GroupSettings: Codable, Hashable, Sendable {
    /// Assigned to all agents of the group.
    public var configuration: String?
    /// The group has no configuration, and neither have its agents that had the group's.
    public var withoutConfiguration: Bool?

    public init(configuration: String? = nil, withoutConfiguration: Bool? = nil) {
        self.configuration = configuration
        self.withoutConfiguration = withoutConfiguration
    }
}

/// A named set of agents that share a configuration.
public struct Group: Codable, Hashable, Sendable {
    public var name: String
    public var configuration: String?
    public var agents: Int

    public init(name: String, configuration: String? = nil, agents: Int = 0) {
        self.name = name
        self.configuration = configuration
        self.agents = agents
    }
}

/// A named remote configuration.
public struct Configuration: Codable, Hashable, Sendable {
    public var name: String
    public var contentType: String
    /// Left out in lists.
    public var body: String?
    /// SHA-256 in lower-case hex.
    public var hash: String
    public var updatedAt: Timestamp

    public init(name: String, contentType: String, body: String? = nil, hash: String, updatedAt: Timestamp) {
        self.name = name
        self.contentType = contentType
        self.body = body
        self.hash = hash
        self.updatedAt = updatedAt
    }
}

/// The body of a configuration to save.
public struct ConfigurationText: Codable, Hashable, Sendable {
    public var contentType: String
    public var body: String

    public init(contentType: String, body: String) {
        self.contentType = contentType
        self.body = body
    }
}
