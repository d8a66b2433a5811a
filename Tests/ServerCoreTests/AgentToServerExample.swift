import OpAMPProto

/// What a conforming agent sends.
enum AgentToServerExample {
    static let uid: [UInt8] = Array(1...16)
    static let capabilities: AgentCapabilities = [
        .reportsStatus, .acceptsOpAMPConnectionSettings, .reportsHealth, .reportsHeartbeat,
        .reportsConnectionSettingsStatus,
    ]

    static func full(sequence: UInt64, capabilities: AgentCapabilities = capabilities) -> AgentToServer {
        AgentToServer(
            instanceUID: uid,
            sequenceNumber: sequence,
            agentDescription: AgentDescription(
                identifyingAttributes: [KeyValue(key: "service.name", value: .string("probe"))]),
            capabilities: capabilities,
            health: ComponentHealth(healthy: true)
        )
    }

    static func heartbeat(sequence: UInt64) -> AgentToServer {
        AgentToServer(instanceUID: uid, sequenceNumber: sequence, capabilities: capabilities)
    }
}
