public import OpAMPProto

/// What a conforming agent sends.
public enum AgentToServerExample {
    public static let uid: [UInt8] = Array(1...16)
    public static let capabilities: AgentCapabilities = [
        .reportsStatus, .acceptsOpAMPConnectionSettings, .reportsHealth, .reportsHeartbeat,
        .reportsConnectionSettingsStatus,
    ]

    public static func full(sequence: UInt64, capabilities: AgentCapabilities = capabilities) -> AgentToServer {
        AgentToServer(
            instanceUID: uid,
            sequenceNumber: sequence,
            agentDescription: AgentDescription(
                identifyingAttributes: [KeyValue(key: "service.name", value: .string("probe"))]),
            capabilities: capabilities,
            health: ComponentHealth(healthy: true)
        )
    }

    public static func heartbeat(sequence: UInt64) -> AgentToServer {
        AgentToServer(instanceUID: uid, sequenceNumber: sequence, capabilities: capabilities)
    }
}
