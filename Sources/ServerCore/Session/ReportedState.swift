package import OpAMPProto
import Vocabulary

/// How much of what an agent reports is kept, in bytes of OpAMP's encoding. A description beyond its limit is refused; the
/// other parts are dropped, because an agent with a large configuration must be able to move.
package struct ReportLimits: Hashable, Sendable {
    package var description: Int
    package var part: Int

    /// Below it agents could not say what they are; no message is larger than the end of it.
    package static let range = 1 << 10...Limits.messageBytes

    package init(description: Int = 64 << 10, part: Int = 1 << 20) {
        self.description = description
        self.part = part
    }
}

/// All an agent has said about itself, put together from messages that leave out what did not change
/// (OpAMP, "Agent Status Compression").
package struct ReportedState: Hashable, Sendable {
    /// The parts an agent may leave out.
    package struct Parts: OptionSet, Hashable, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let description = Parts(rawValue: 1 << 0)
        package static let health = Parts(rawValue: 1 << 1)
        package static let effectiveConfig = Parts(rawValue: 1 << 2)
        package static let remoteConfigStatus = Parts(rawValue: 1 << 3)
        package static let packageStatuses = Parts(rawValue: 1 << 4)
        package static let customCapabilities = Parts(rawValue: 1 << 5)
        package static let availableComponents = Parts(rawValue: 1 << 6)
        package static let connectionSettingsStatus = Parts(rawValue: 1 << 7)
        /// Not left out by a conforming agent, but able to change.
        package static let capabilities = Parts(rawValue: 1 << 8)

        /// As an operator reads them.
        package var names: [String] {
            let known: [(Parts, String)] = [
                (.description, "description"), (.health, "health"), (.effectiveConfig, "effective configuration"),
                (.remoteConfigStatus, "configuration status"), (.packageStatuses, "package statuses"),
                (.customCapabilities, "custom capabilities"), (.availableComponents, "available components"),
                (.connectionSettingsStatus, "connection settings status"), (.capabilities, "capabilities"),
            ]
            return known.filter { contains($0.0) }.map(\.1)
        }
    }

    package let limits: ReportLimits
    package private(set) var capabilities: AgentCapabilities = []
    package private(set) var description: AgentDescription?
    package private(set) var health: ComponentHealth?
    package private(set) var effectiveConfig: EffectiveConfig?
    package private(set) var remoteConfigStatus: RemoteConfigStatus?
    package private(set) var packageStatuses: PackageStatuses?
    package private(set) var customCapabilities: CustomCapabilities?
    package private(set) var availableComponents: AvailableComponents?
    package private(set) var connectionSettingsStatus: ConnectionSettingsStatus?
    /// Parts whose last value was dropped, because it was too large.
    package private(set) var tooLarge: Parts = []

    init(limits: ReportLimits = ReportLimits()) { self.limits = limits }

    /// Takes over what the message carries and tells which of it is new.
    mutating func merge(_ message: AgentToServer) -> Parts {
        var changed: Parts = []
        func take<Value: Equatable>(_ value: Value?, into place: inout Value?, _ part: Parts) {
            guard let value, value != place else { return }
            place = value
            changed.insert(part)
        }
        let kept = bounded(message)
        take(kept.agentDescription, into: &description, .description)
        take(kept.health, into: &health, .health)
        take(kept.effectiveConfig, into: &effectiveConfig, .effectiveConfig)
        take(kept.remoteConfigStatus, into: &remoteConfigStatus, .remoteConfigStatus)
        take(kept.packageStatuses, into: &packageStatuses, .packageStatuses)
        take(kept.customCapabilities, into: &customCapabilities, .customCapabilities)
        take(kept.availableComponents, into: &availableComponents, .availableComponents)
        take(kept.connectionSettingsStatus, into: &connectionSettingsStatus, .connectionSettingsStatus)
        // ReportsStatus is always set, so an empty set is a field left out.
        if !message.capabilities.isEmpty, message.capabilities != capabilities {
            capabilities = message.capabilities
            changed.insert(.capabilities)
        }
        return changed
    }

    /// The message without the parts that are too large to keep; those of them that were known are known no more.
    private mutating func bounded(_ message: AgentToServer) -> AgentToServer {
        var kept = message
        func limit<Value>(
            _ field: WritableKeyPath<AgentToServer, Value?>, _ place: WritableKeyPath<Self, Value?>, _ part: Parts
        ) {
            guard let value = message[keyPath: field] else { return }
            var alone = AgentToServer()
            alone[keyPath: field] = value
            if alone.encodedSize > limits.part {
                kept[keyPath: field] = nil
                self[keyPath: place] = nil
                tooLarge.insert(part)
            } else {
                tooLarge.remove(part)
            }
        }
        limit(\.health, \.health, .health)
        limit(\.effectiveConfig, \.effectiveConfig, .effectiveConfig)
        limit(\.remoteConfigStatus, \.remoteConfigStatus, .remoteConfigStatus)
        limit(\.packageStatuses, \.packageStatuses, .packageStatuses)
        limit(\.customCapabilities, \.customCapabilities, .customCapabilities)
        limit(\.availableComponents, \.availableComponents, .availableComponents)
        limit(\.connectionSettingsStatus, \.connectionSettingsStatus, .connectionSettingsStatus)
        return kept
    }
}

extension AgentToServer {
    /// Whether it stands alone. The description is the one part every agent has, and a full report never lacks it.
    package var isFullReport: Bool { agentDescription != nil }

    /// Whether it carries nothing that could be news.
    var isBare: Bool {
        agentDescription == nil && health == nil && effectiveConfig == nil && remoteConfigStatus == nil
            && packageStatuses == nil && !agentDisconnect && flags.isEmpty && connectionSettingsRequest == nil
            && customCapabilities == nil && customMessage == nil && availableComponents == nil
            && connectionSettingsStatus == nil
    }

    /// What cannot be encoded is larger than anything.
    var encodedSize: Int { (try? encoded().count) ?? .max }
}
