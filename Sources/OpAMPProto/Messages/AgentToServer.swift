/// What an agent reports (OpAMP, "AgentToServer Message"). Parts that are `nil` are unchanged since the last report,
/// or unsupported.
public struct AgentToServer: Hashable, Sendable {
    /// 16 bytes in a valid message; the caller checks the length.
    public var instanceUID: [UInt8]
    /// One more for every message sent.
    public var sequenceNumber: UInt64
    public var agentDescription: AgentDescription?
    /// In every message.
    public var capabilities: AgentCapabilities
    public var health: ComponentHealth?
    public var effectiveConfig: EffectiveConfig?
    public var remoteConfigStatus: RemoteConfigStatus?
    public var packageStatuses: PackageStatuses?
    /// Whether the empty message `agent_disconnect` is there: this report is the connection's last.
    public var agentDisconnect: Bool
    public var flags: AgentToServerFlags
    public var connectionSettingsRequest: ConnectionSettingsRequest?
    public var customCapabilities: CustomCapabilities?
    public var customMessage: CustomMessage?
    public var availableComponents: AvailableComponents?
    public var connectionSettingsStatus: ConnectionSettingsStatus?

    public init(
        instanceUID: [UInt8] = [],
        sequenceNumber: UInt64 = 0,
        agentDescription: AgentDescription? = nil,
        capabilities: AgentCapabilities = [],
        health: ComponentHealth? = nil,
        effectiveConfig: EffectiveConfig? = nil,
        remoteConfigStatus: RemoteConfigStatus? = nil,
        packageStatuses: PackageStatuses? = nil,
        agentDisconnect: Bool = false,
        flags: AgentToServerFlags = [],
        connectionSettingsRequest: ConnectionSettingsRequest? = nil,
        customCapabilities: CustomCapabilities? = nil,
        customMessage: CustomMessage? = nil,
        availableComponents: AvailableComponents? = nil,
        connectionSettingsStatus: ConnectionSettingsStatus? = nil
    ) {
        self.instanceUID = instanceUID
        self.sequenceNumber = sequenceNumber
        self.agentDescription = agentDescription
        self.capabilities = capabilities
        self.health = health
        self.effectiveConfig = effectiveConfig
        self.remoteConfigStatus = remoteConfigStatus
        self.packageStatuses = packageStatuses
        self.agentDisconnect = agentDisconnect
        self.flags = flags
        self.connectionSettingsRequest = connectionSettingsRequest
        self.customCapabilities = customCapabilities
        self.customMessage = customMessage
        self.availableComponents = availableComponents
        self.connectionSettingsStatus = connectionSettingsStatus
    }
}

/// An agent's wish for settings of its own (OpAMP, "Agent-initiated CSR Flow").
public struct ConnectionSettingsRequest: Hashable, Sendable {
    public var opamp: OpAMPConnectionSettingsRequest?

    public init(opamp: OpAMPConnectionSettingsRequest? = nil) {
        self.opamp = opamp
    }
}

/// The wish for settings of the OpAMP connection.
public struct OpAMPConnectionSettingsRequest: Hashable, Sendable {
    public var certificateRequest: CertificateRequest?

    public init(certificateRequest: CertificateRequest? = nil) {
        self.certificateRequest = certificateRequest
    }
}

/// A certificate signing request.
public struct CertificateRequest: Hashable, Sendable {
    /// PEM.
    public var csr: [UInt8]

    public init(csr: [UInt8] = []) {
        self.csr = csr
    }
}
