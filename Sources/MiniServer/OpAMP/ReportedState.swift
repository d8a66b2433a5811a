import OpAMPProto

/// All an agent has said about itself, put together from messages that leave out what did not change
/// (OpAMP, "Agent Status Compression").
struct ReportedState: Hashable, Sendable {
    /// The parts an agent may leave out.
    struct Parts: OptionSet, Hashable, Sendable {
        let rawValue: Int

        static let description = Parts(rawValue: 1 << 0)
        static let health = Parts(rawValue: 1 << 1)
        static let effectiveConfig = Parts(rawValue: 1 << 2)
        static let remoteConfigStatus = Parts(rawValue: 1 << 3)
        static let packageStatuses = Parts(rawValue: 1 << 4)
        static let customCapabilities = Parts(rawValue: 1 << 5)
        static let availableComponents = Parts(rawValue: 1 << 6)
        static let connectionSettingsStatus = Parts(rawValue: 1 << 7)
        /// Not left out by a conforming agent, but able to change.
        static let capabilities = Parts(rawValue: 1 << 8)
    }

    private(set) var capabilities: AgentCapabilities = []
    private(set) var description: AgentDescription?
    private(set) var health: ComponentHealth?
    private(set) var effectiveConfig: EffectiveConfig?
    private(set) var remoteConfigStatus: RemoteConfigStatus?
    private(set) var packageStatuses: PackageStatuses?
    private(set) var customCapabilities: CustomCapabilities?
    private(set) var availableComponents: AvailableComponents?
    private(set) var connectionSettingsStatus: ConnectionSettingsStatus?

    /// Takes over what the message carries and tells which of it is new.
    mutating func merge(_ message: AgentToServer) -> Parts {
        var changed: Parts = []
        func take<Value: Equatable>(_ value: Value?, into place: inout Value?, _ part: Parts) {
            guard let value, value != place else { return }
            place = value
            changed.insert(part)
        }
        take(message.agentDescription, into: &description, .description)
        take(message.health, into: &health, .health)
        take(message.effectiveConfig, into: &effectiveConfig, .effectiveConfig)
        take(message.remoteConfigStatus, into: &remoteConfigStatus, .remoteConfigStatus)
        take(message.packageStatuses, into: &packageStatuses, .packageStatuses)
        take(message.customCapabilities, into: &customCapabilities, .customCapabilities)
        take(message.availableComponents, into: &availableComponents, .availableComponents)
        take(message.connectionSettingsStatus, into: &connectionSettingsStatus, .connectionSettingsStatus)
        // ReportsStatus is always set, so an empty set is a field left out.
        if !message.capabilities.isEmpty, message.capabilities != capabilities {
            capabilities = message.capabilities
            changed.insert(.capabilities)
        }
        return changed
    }
}

extension AgentToServer {
    /// Whether it stands alone. The description is the one part every agent has, and a full report never lacks it.
    var isFullReport: Bool { agentDescription != nil }

    /// Whether it carries nothing that could be news.
    var isBare: Bool {
        self == AgentToServer(instanceUID: instanceUID, sequenceNumber: sequenceNumber, capabilities: capabilities)
    }
}
