/// What an agent can do (`AgentToServer.capabilities`). Bits without a name are kept.
public struct AgentCapabilities: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let reportsStatus = Self(rawValue: 0x1)
    public static let acceptsRemoteConfig = Self(rawValue: 0x2)
    public static let reportsEffectiveConfig = Self(rawValue: 0x4)
    public static let acceptsPackages = Self(rawValue: 0x8)
    public static let reportsPackageStatuses = Self(rawValue: 0x10)
    public static let reportsOwnTraces = Self(rawValue: 0x20)
    public static let reportsOwnMetrics = Self(rawValue: 0x40)
    public static let reportsOwnLogs = Self(rawValue: 0x80)
    public static let acceptsOpAMPConnectionSettings = Self(rawValue: 0x100)
    public static let acceptsOtherConnectionSettings = Self(rawValue: 0x200)
    public static let acceptsRestartCommand = Self(rawValue: 0x400)
    public static let reportsHealth = Self(rawValue: 0x800)
    public static let reportsRemoteConfig = Self(rawValue: 0x1000)
    public static let reportsHeartbeat = Self(rawValue: 0x2000)
    public static let reportsAvailableComponents = Self(rawValue: 0x4000)
    public static let reportsConnectionSettingsStatus = Self(rawValue: 0x8000)
}

/// What a server can do (`ServerToAgent.capabilities`). Bits without a name are kept.
public struct ServerCapabilities: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let acceptsStatus = Self(rawValue: 0x1)
    public static let offersRemoteConfig = Self(rawValue: 0x2)
    public static let acceptsEffectiveConfig = Self(rawValue: 0x4)
    public static let offersPackages = Self(rawValue: 0x8)
    public static let acceptsPackagesStatus = Self(rawValue: 0x10)
    public static let offersConnectionSettings = Self(rawValue: 0x20)
    public static let acceptsConnectionSettingsRequest = Self(rawValue: 0x40)
}

/// Wishes of the agent (`AgentToServer.flags`).
public struct AgentToServerFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let requestInstanceUID = Self(rawValue: 0x1)
}

/// Wishes of the server (`ServerToAgent.flags`).
public struct ServerToAgentFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let reportFullState = Self(rawValue: 0x1)
    public static let reportAvailableComponents = Self(rawValue: 0x2)
}
