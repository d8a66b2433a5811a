/// Health of an agent or of a part of it.
public struct ComponentHealth: Hashable, Sendable {
    public var healthy: Bool
    /// Nanoseconds since 1970 UTC; 0 when not running.
    public var startTimeUnixNano: UInt64
    public var lastError: String
    /// In the agent's own words.
    public var status: String
    /// Nanoseconds since 1970 UTC: when `status` was observed.
    public var statusTimeUnixNano: UInt64
    /// Parts by name, to any depth that `WireLimits` allows.
    public var componentHealthMap: [String: ComponentHealth]

    public init(
        healthy: Bool = false,
        startTimeUnixNano: UInt64 = 0,
        lastError: String = "",
        status: String = "",
        statusTimeUnixNano: UInt64 = 0,
        componentHealthMap: [String: ComponentHealth] = [:]
    ) {
        self.healthy = healthy
        self.startTimeUnixNano = startTimeUnixNano
        self.lastError = lastError
        self.status = status
        self.statusTimeUnixNano = statusTimeUnixNano
        self.componentHealthMap = componentHealthMap
    }
}
