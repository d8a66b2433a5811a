package import Vocabulary

/// One row of the fleet.
package struct AgentSummary: Codable, Hashable, Sendable {
    /// The row's identifier, or `peer:<name>/<id>` for an agent of a peer.
    package var id: String
    package var displayName: String
    package var instanceUID: InstanceUID
    package var fingerprint: Fingerprint
    package var presence: OpenWord<AgentPresence>
    /// With `movedToPeer`: the peer's name.
    package var movedTo: String?
    package var healthy: Bool?
    package var group: String?
    package var configuration: String?
    package var epoch: Epoch
    package var lastSeen: Timestamp?

    package init(
        id: String,
        displayName: String,
        instanceUID: InstanceUID,
        fingerprint: Fingerprint,
        presence: OpenWord<AgentPresence>,
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
package struct AgentDetail: Codable, Hashable, Sendable {
    package var summary: AgentSummary
    package var attributes: [Attribute]
    /// Names as the specification spells them.
    package var capabilities: [String]
    package var health: Health?
    package var leaf: LeafFacts
    package var configurationStatus: ConfigurationStatus?
    package var origin: Origin?
    /// When two hosts were last seen to use its identity.
    package var copyDetectedAt: Timestamp?
    /// Parts of its report that are too large to keep.
    package var tooLarge: [String]?
    /// Of its row and of its leaf, the youngest first.
    package var handovers: [HandoverSummary]

    package init(
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
package struct Attribute: Codable, Hashable, Sendable {
    package var key: String
    package var value: String
    package var identifying: Bool

    package init(key: String, value: String, identifying: Bool) {
        self.key = key
        self.value = value
        self.identifying = identifying
    }
}

/// The agent's own report.
package struct Health: Codable, Hashable, Sendable {
    package var healthy: Bool
    package var status: String
    package var lastError: String
    package var since: Timestamp?

    package init(healthy: Bool, status: String, lastError: String, since: Timestamp? = nil) {
        self.healthy = healthy
        self.status = status
        self.lastError = lastError
        self.since = since
    }
}

/// A leaf certificate in the words an operator compares.
package struct LeafFacts: Codable, Hashable, Sendable {
    package var fingerprint: Fingerprint
    package var subject: String
    package var issuer: String
    package var serialNumber: String
    package var notBefore: Timestamp
    package var notAfter: Timestamp
    package var revoked: Bool
    /// The leaf this one renewed.
    package var previous: Fingerprint?

    package init(
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
package struct ConfigurationStatus: Codable, Hashable, Sendable {
    /// `unset`, `applied`, `applying` or `failed`.
    package var status: String
    package var hash: String
    package var errorMessage: String

    package init(status: String, hash: String, errorMessage: String) {
        self.status = status
        self.hash = hash
        self.errorMessage = errorMessage
    }
}

/// Where an agent was before it was handed over to this server.
package struct Origin: Codable, Hashable, Sendable {
    package var peer: String
    package var peerID: PeerID
    /// The agent's row on that peer.
    package var agent: AgentID
    package var handover: HandoverID

    package init(peer: String, peerID: PeerID, agent: AgentID, handover: HandoverID) {
        self.peer = peer
        self.peerID = peerID
        self.agent = agent
        self.handover = handover
    }
}

/// Changes the group and the configuration of one agent. What is absent stays; an agent that enters a group and is given
/// no configuration gets the group's, if it has one.
package struct Assignment: Codable, Hashable, Sendable {
    package var group: String?
    package var configuration: String?
    /// The agent leaves its group.
    package var withoutGroup: Bool?
    /// The agent has no configuration.
    package var withoutConfiguration: Bool?

    package init(
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
package struct GroupSettings: Codable, Hashable, Sendable {
    /// Assigned to all agents of the group.
    package var configuration: String?
    /// The group has no configuration, and neither have its agents that had the group's.
    package var withoutConfiguration: Bool?

    package init(configuration: String? = nil, withoutConfiguration: Bool? = nil) {
        self.configuration = configuration
        self.withoutConfiguration = withoutConfiguration
    }
}

/// A named set of agents that share a configuration.
package struct Group: Codable, Hashable, Sendable {
    package var name: String
    package var configuration: String?
    package var agents: Int

    package init(name: String, configuration: String? = nil, agents: Int = 0) {
        self.name = name
        self.configuration = configuration
        self.agents = agents
    }
}

/// A named remote configuration.
package struct Configuration: Codable, Hashable, Sendable {
    package var name: String
    package var contentType: String
    /// Left out in lists.
    package var body: String?
    /// SHA-256 in lower-case hex.
    package var hash: String
    package var updatedAt: Timestamp

    package init(name: String, contentType: String, body: String? = nil, hash: String, updatedAt: Timestamp) {
        self.name = name
        self.contentType = contentType
        self.body = body
        self.hash = hash
        self.updatedAt = updatedAt
    }
}

/// The body of a configuration to save.
package struct ConfigurationText: Codable, Hashable, Sendable {
    package var contentType: String
    package var body: String

    package init(contentType: String, body: String) {
        self.contentType = contentType
        self.body = body
    }
}
