/// The configuration an agent runs with now.
public struct EffectiveConfig: Hashable, Sendable {
    public var configMap: AgentConfigMap?

    public init(configMap: AgentConfigMap? = nil) {
        self.configMap = configMap
    }
}

/// A configuration a server offers.
public struct AgentRemoteConfig: Hashable, Sendable {
    public var config: AgentConfigMap?
    /// Chosen by the server; the agent only repeats it.
    public var configHash: [UInt8]

    public init(config: AgentConfigMap? = nil, configHash: [UInt8] = []) {
        self.config = config
        self.configHash = configHash
    }
}

/// Configuration files by name; a lone file may have the empty name.
public struct AgentConfigMap: Hashable, Sendable {
    public var configMap: [String: AgentConfigFile]

    public init(configMap: [String: AgentConfigFile] = [:]) {
        self.configMap = configMap
    }
}

/// One configuration file.
public struct AgentConfigFile: Hashable, Sendable {
    public var body: [UInt8]
    /// MIME type, for example `text/yaml`; may be empty.
    public var contentType: String

    public init(body: [UInt8] = [], contentType: String = "") {
        self.body = body
        self.contentType = contentType
    }
}

/// What became of the configuration last offered.
public struct RemoteConfigStatus: Hashable, Sendable {
    public var lastRemoteConfigHash: [UInt8]
    public var status: RemoteConfigStatuses
    /// Only with `.failed`.
    public var errorMessage: String

    public init(
        lastRemoteConfigHash: [UInt8] = [],
        status: RemoteConfigStatuses = .unset,
        errorMessage: String = ""
    ) {
        self.lastRemoteConfigHash = lastRemoteConfigHash
        self.status = status
        self.errorMessage = errorMessage
    }
}
