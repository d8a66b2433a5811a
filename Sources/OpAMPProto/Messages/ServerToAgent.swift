/// What a server answers or pushes (OpAMP, "ServerToAgent Message"). Parts that are `nil` ask for no change.
public struct ServerToAgent: Hashable, Sendable {
    /// The agent meant; the same bytes the agent sent.
    public var instanceUID: [UInt8]
    /// Stands alone: the specification forbids other parts beside it.
    public var errorResponse: ServerErrorResponse?
    public var remoteConfig: AgentRemoteConfig?
    public var connectionSettings: ConnectionSettingsOffers?
    public var packagesAvailable: PackagesAvailable?
    public var flags: ServerToAgentFlags
    /// Empty after a connection's first message: as last told.
    public var capabilities: ServerCapabilities
    public var agentIdentification: AgentIdentification?
    public var command: ServerToAgentCommand?
    public var customCapabilities: CustomCapabilities?
    public var customMessage: CustomMessage?

    public init(
        instanceUID: [UInt8] = [],
        errorResponse: ServerErrorResponse? = nil,
        remoteConfig: AgentRemoteConfig? = nil,
        connectionSettings: ConnectionSettingsOffers? = nil,
        packagesAvailable: PackagesAvailable? = nil,
        flags: ServerToAgentFlags = [],
        capabilities: ServerCapabilities = [],
        agentIdentification: AgentIdentification? = nil,
        command: ServerToAgentCommand? = nil,
        customCapabilities: CustomCapabilities? = nil,
        customMessage: CustomMessage? = nil
    ) {
        self.instanceUID = instanceUID
        self.errorResponse = errorResponse
        self.remoteConfig = remoteConfig
        self.connectionSettings = connectionSettings
        self.packagesAvailable = packagesAvailable
        self.flags = flags
        self.capabilities = capabilities
        self.agentIdentification = agentIdentification
        self.command = command
        self.customCapabilities = customCapabilities
        self.customMessage = customMessage
    }
}

/// Why a report was not processed.
public struct ServerErrorResponse: Hashable, Sendable {
    public var type: ServerErrorResponseType
    public var errorMessage: String
    /// Meaningful with `.unavailable` only.
    public var retryInfo: RetryInfo?

    public init(type: ServerErrorResponseType = .unknown, errorMessage: String = "", retryInfo: RetryInfo? = nil) {
        self.type = type
        self.errorMessage = errorMessage
        self.retryInfo = retryInfo
    }
}

/// When to come back.
public struct RetryInfo: Hashable, Sendable {
    public var retryAfterNanoseconds: UInt64

    public init(retryAfterNanoseconds: UInt64 = 0) {
        self.retryAfterNanoseconds = retryAfterNanoseconds
    }
}

/// A new identity the server gives to an agent.
public struct AgentIdentification: Hashable, Sendable {
    /// 16 bytes in a valid message; the caller checks the length.
    public var newInstanceUID: [UInt8]

    public init(newInstanceUID: [UInt8] = []) {
        self.newInstanceUID = newInstanceUID
    }
}

/// An order to the agent. Its presence matters: the only command has number zero.
public struct ServerToAgentCommand: Hashable, Sendable {
    public var type: CommandType

    public init(type: CommandType = .restart) {
        self.type = type
    }
}
