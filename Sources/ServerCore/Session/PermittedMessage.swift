package import OpAMPProto

/// A message to an agent after everything its capabilities forbid has been left out of it
/// (OpAMP, "AgentToServer.capabilities", "ServerToAgent Message").
package struct PermittedMessage: Hashable, Sendable {
    /// What can be omitted; the caller that wanted to send it learns of the omission.
    package struct Parts: OptionSet, Hashable, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let remoteConfig = Parts(rawValue: 1 << 0)
        package static let opampSettings = Parts(rawValue: 1 << 1)
        package static let telemetrySettings = Parts(rawValue: 1 << 2)
        package static let otherSettings = Parts(rawValue: 1 << 3)
        package static let packages = Parts(rawValue: 1 << 4)
        package static let command = Parts(rawValue: 1 << 5)
        package static let customMessage = Parts(rawValue: 1 << 6)
        package static let availableComponents = Parts(rawValue: 1 << 7)

        /// As an operator reads them.
        package var names: [String] {
            let known: [(Parts, String)] = [
                (.remoteConfig, "remote configuration"), (.opampSettings, "OpAMP connection settings"),
                (.telemetrySettings, "telemetry connection settings"), (.otherSettings, "other connection settings"),
                (.packages, "packages"), (.command, "command"), (.customMessage, "custom message"),
                (.availableComponents, "request for available components"),
            ]
            return known.filter { contains($0.0) }.map(\.1)
        }
    }

    package private(set) var message: ServerToAgent
    package private(set) var withheld: Parts = []

    /// What was forbidden was all there was.
    package var isEmpty: Bool { !withheld.isEmpty && message == ServerToAgent(instanceUID: message.instanceUID) }

    package init(_ content: ServerToAgent, for state: ReportedState) {
        message = content
        if let error = content.errorResponse {
            message = ServerToAgent(instanceUID: content.instanceUID, errorResponse: error)
            return
        }
        let capabilities = state.capabilities
        withhold(\.command, .command, unless: capabilities.contains(.acceptsRestartCommand))
        if let command = message.command {
            message = ServerToAgent(
                instanceUID: content.instanceUID, capabilities: content.capabilities, command: command)
            return
        }
        withhold(\.remoteConfig, .remoteConfig, unless: capabilities.contains(.acceptsRemoteConfig))
        withhold(\.packagesAvailable, .packages, unless: capabilities.contains(.acceptsPackages))
        withholdSettings(capabilities)
        let custom = state.customCapabilities?.capabilities ?? []
        let isUnderstood = content.customMessage.map { custom.contains($0.capability) } ?? true
        withhold(\.customMessage, .customMessage, unless: isUnderstood)
        if message.flags.contains(.reportAvailableComponents), !capabilities.contains(.reportsAvailableComponents) {
            message.flags.remove(.reportAvailableComponents)
            withheld.insert(.availableComponents)
        }
    }

    private mutating func withhold<Value>(
        _ field: WritableKeyPath<ServerToAgent, Value?>, _ part: Parts, unless isAllowed: Bool
    ) {
        guard !isAllowed, message[keyPath: field] != nil else { return }
        message[keyPath: field] = nil
        withheld.insert(part)
    }

    /// Leaves out the kinds of connection the agent does not take, and the whole offer when none is left.
    private mutating func withholdSettings(_ capabilities: AgentCapabilities) {
        guard var offer = message.connectionSettings else { return }
        func clear<Value>(_ place: inout Value?, _ part: Parts, unless needed: AgentCapabilities) {
            guard place != nil, !capabilities.contains(needed) else { return }
            place = nil
            withheld.insert(part)
        }
        clear(&offer.opamp, .opampSettings, unless: .acceptsOpAMPConnectionSettings)
        clear(&offer.ownMetrics, .telemetrySettings, unless: .reportsOwnMetrics)
        clear(&offer.ownTraces, .telemetrySettings, unless: .reportsOwnTraces)
        clear(&offer.ownLogs, .telemetrySettings, unless: .reportsOwnLogs)
        if !offer.otherConnections.isEmpty, !capabilities.contains(.acceptsOtherConnectionSettings) {
            offer.otherConnections = [:]
            withheld.insert(.otherSettings)
        }
        let isEmpty = offer == ConnectionSettingsOffers(hash: offer.hash)
        message.connectionSettings = isEmpty ? nil : offer
    }
}
