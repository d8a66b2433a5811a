public import Certificates
public import OpAMPProto
public import Vocabulary

/// One managed agent as this server knows it: a row of the fleet.
public struct AgentRecord: Hashable, Sendable {
    public var id: AgentID
    public var displayName: String
    /// Carried and shown; never decides who an agent is.
    public var instanceUID: InstanceUID
    /// What the agent is. `nil` only for agents that were never seen with a certificate.
    public var leaf: Certificate?
    /// Issued, and not yet shown by the agent: `leaf` stays the one last seen until then.
    public var pendingLeaf: Certificate?
    /// The leaf before the present one.
    public var previousLeaf: Fingerprint?
    /// Until then the previous leaf is accepted.
    public var previousLeafUntil: Timestamp?
    public var leafRevoked: Bool
    public var description: AgentDescription?
    public var capabilities: AgentCapabilities
    public var group: String?
    public var configuration: String?
    public var configurationStatus: RemoteConfigStatus?
    public var presence: Presence
    public var epoch: Epoch
    public var health: ComponentHealth?
    public var lastSeen: Timestamp?
    /// The hash of the settings that were offered last, for an agent that gives no verdict on them.
    public var offeredSettings: [UInt8]?
    /// When two hosts were last seen to use its identity.
    public var copyDetectedAt: Timestamp?
    /// Where it came from, when it was handed over to this server.
    public var origin: AgentOrigin?

    public init(
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

    public var fingerprint: Fingerprint? { leaf?.fingerprint }

    /// Whether the agent has yet to be offered its configuration in the version of this hash. One that reported it,
    /// as applied or as failed, has had it.
    public func lacks(configurationHash hash: [UInt8]) -> Bool {
        configuration != nil && configurationStatus?.lastRemoteConfigHash != hash
    }

    /// The bit that the operator's manual calls AcceptsConnectionSettings.
    public var acceptsConnectionSettings: Bool { capabilities.contains(.acceptsOpAMPConnectionSettings) }
}

/// The row on the server that handed an agent over.
public struct AgentOrigin: Hashable, Sendable {
    public var peer: PeerID
    public var peerName: String
    public var row: AgentID
    public var handover: HandoverID

    public init(peer: PeerID, peerName: String, row: AgentID, handover: HandoverID) {
        self.peer = peer
        self.peerName = peerName
        self.row = row
        self.handover = handover
    }
}
