package import Certificates
package import OpAMPProto
package import Vocabulary

/// One managed agent as this server knows it: a row of the fleet.
package struct AgentRecord: Hashable, Sendable {
    package var id: AgentID
    package var displayName: String
    /// Carried and shown; never decides who an agent is.
    package var instanceUID: InstanceUID
    /// What the agent is. `nil` only for agents that were never seen with a certificate.
    package var leaf: Certificate?
    /// Issued, and not yet shown by the agent: `leaf` stays the one last seen until then.
    package var pendingLeaf: Certificate?
    /// The leaf before the present one.
    package var previousLeaf: Fingerprint?
    /// Until then the previous leaf is accepted.
    package var previousLeafUntil: Timestamp?
    package var leafRevoked: Bool
    package var description: AgentDescription?
    package var capabilities: AgentCapabilities
    package var group: String?
    package var configuration: String?
    package var configurationStatus: RemoteConfigStatus?
    package var presence: Presence
    package var epoch: Epoch
    package var health: ComponentHealth?
    package var lastSeen: Timestamp?
    /// The hash of the settings that were offered last, for an agent that gives no verdict on them.
    package var offeredSettings: [UInt8]?
    /// When two hosts were last seen to use its identity.
    package var copyDetectedAt: Timestamp?
    /// Where it came from, when it was handed over to this server.
    package var origin: AgentOrigin?

    package init(
        id: AgentID,
        displayName: String,
        instanceUID: InstanceUID,
        leaf: Certificate?,
        pendingLeaf: Certificate? = nil,
        previousLeaf: Fingerprint? = nil,
        previousLeafUntil: Timestamp? = nil,
        leafRevoked: Bool = false,
        description: AgentDescription? = nil,
        capabilities: AgentCapabilities = [],
        group: String? = nil,
        configuration: String? = nil,
        configurationStatus: RemoteConfigStatus? = nil,
        presence: Presence = .offline,
        epoch: Epoch = 0,
        health: ComponentHealth? = nil,
        lastSeen: Timestamp? = nil,
        offeredSettings: [UInt8]? = nil,
        copyDetectedAt: Timestamp? = nil,
        origin: AgentOrigin? = nil
    ) {
        self.id = id
        self.displayName = displayName
        self.instanceUID = instanceUID
        self.leaf = leaf
        self.pendingLeaf = pendingLeaf
        self.previousLeaf = previousLeaf
        self.previousLeafUntil = previousLeafUntil
        self.leafRevoked = leafRevoked
        self.description = description
        self.capabilities = capabilities
        self.group = group
        self.configuration = configuration
        self.configurationStatus = configurationStatus
        self.presence = presence
        self.epoch = epoch
        self.health = health
        self.lastSeen = lastSeen
        self.offeredSettings = offeredSettings
        self.copyDetectedAt = copyDetectedAt
        self.origin = origin
    }

    package var fingerprint: Fingerprint? { leaf?.fingerprint }

    /// Whether the agent has yet to be offered its configuration in the version of this hash. One that reported it,
    /// as applied or as failed, has had it.
    package func lacks(configurationHash hash: [UInt8]) -> Bool {
        configuration != nil && configurationStatus?.lastRemoteConfigHash != hash
    }

    /// The bit that the operator's manual calls AcceptsConnectionSettings.
    package var acceptsConnectionSettings: Bool { capabilities.contains(.acceptsOpAMPConnectionSettings) }
}

/// The row on the server that handed an agent over.
package struct AgentOrigin: Hashable, Sendable {
    package var peer: PeerID
    package var peerName: String
    package var row: AgentID
    package var handover: HandoverID

    package init(peer: PeerID, peerName: String, row: AgentID, handover: HandoverID) {
        self.peer = peer
        self.peerName = peerName
        self.row = row
        self.handover = handover
    }
}
