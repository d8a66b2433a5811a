import OpAMPProto
import Testing
import Vocabulary

@testable import ServerCore

struct PermittedMessageTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let content: ServerToAgent
        let needed: AgentCapabilities
        let part: PermittedMessage.Parts

        init(_ name: String, _ content: ServerToAgent, _ needed: AgentCapabilities, _ part: PermittedMessage.Parts) {
            (testDescription, self.content, self.needed, self.part) = (name, content, needed, part)
        }
    }

    private static func offer(_ change: (inout ConnectionSettingsOffers) -> Void) -> ServerToAgent {
        var offer = ConnectionSettingsOffers(hash: [1])
        change(&offer)
        return ServerToAgent(connectionSettings: offer)
    }

    static let rows = [
        Row(
            "remote config", ServerToAgent(remoteConfig: AgentRemoteConfig(configHash: [1])),
            .acceptsRemoteConfig, .remoteConfig),
        Row("packages", ServerToAgent(packagesAvailable: PackagesAvailable()), .acceptsPackages, .packages),
        Row("command", ServerToAgent(command: ServerToAgentCommand()), .acceptsRestartCommand, .command),
        Row(
            "OpAMP settings", offer { $0.opamp = OpAMPConnectionSettings(destinationEndpoint: "wss://b/v1/opamp") },
            .acceptsOpAMPConnectionSettings, .opampSettings),
        Row(
            "own metrics", offer { $0.ownMetrics = TelemetryConnectionSettings() }, .reportsOwnMetrics,
            .telemetrySettings),
        Row(
            "own traces", offer { $0.ownTraces = TelemetryConnectionSettings() }, .reportsOwnTraces,
            .telemetrySettings),
        Row("own logs", offer { $0.ownLogs = TelemetryConnectionSettings() }, .reportsOwnLogs, .telemetrySettings),
        Row(
            "other connections", offer { $0.otherConnections = ["x": OtherConnectionSettings()] },
            .acceptsOtherConnectionSettings, .otherSettings),
        Row(
            "available components", ServerToAgent(flags: .reportAvailableComponents),
            .reportsAvailableComponents, .availableComponents),
    ]

    private func state(_ capabilities: AgentCapabilities, custom: [String] = []) -> ReportedState {
        var state = ReportedState()
        _ = state.merge(
            AgentToServer(
                capabilities: capabilities.union(.reportsStatus),
                customCapabilities: CustomCapabilities(capabilities: custom)))
        return state
    }

    @Test(arguments: rows)
    func `goes out only to an agent that takes it`(row: Row) {
        let all = AgentCapabilities(rawValue: 0xFFFF)
        let without = PermittedMessage(row.content, for: state(all.subtracting(row.needed)))
        #expect(without.message == ServerToAgent())
        #expect(without.withheld == row.part)
        let with = PermittedMessage(row.content, for: state(row.needed))
        #expect(with.message == row.content)
        #expect(with.withheld == [])
    }

    @Test func `what is left of an offer keeps its hash`() {
        let offer = Self.offer {
            $0.opamp = OpAMPConnectionSettings(destinationEndpoint: "wss://b/v1/opamp")
            $0.ownLogs = TelemetryConnectionSettings()
        }
        let permitted = PermittedMessage(offer, for: state(.acceptsOpAMPConnectionSettings))
        #expect(permitted.message.connectionSettings?.opamp == offer.connectionSettings?.opamp)
        #expect(permitted.message.connectionSettings?.hash == [1])
        #expect(permitted.withheld == .telemetrySettings)
    }

    @Test func `an error goes alone`() {
        var content = Self.offer { $0.opamp = OpAMPConnectionSettings(destinationEndpoint: "wss://b/v1/opamp") }
        content.instanceUID = [1]
        content.errorResponse = ServerErrorResponse(type: .badRequest)
        content.flags = .reportFullState
        content.capabilities = .ours
        let permitted = PermittedMessage(content, for: state(.acceptsOpAMPConnectionSettings))
        #expect(permitted.message == ServerToAgent(instanceUID: [1], errorResponse: content.errorResponse))
    }

    @Test func `a command goes with the capabilities at most`() {
        var content = ServerToAgent(instanceUID: [1], flags: .reportFullState, capabilities: .ours)
        content.remoteConfig = AgentRemoteConfig(configHash: [1])
        content.command = ServerToAgentCommand()
        let able = PermittedMessage(content, for: state([.acceptsRestartCommand, .acceptsRemoteConfig]))
        #expect(able.message == ServerToAgent(instanceUID: [1], capabilities: .ours, command: content.command))
        let unable = PermittedMessage(content, for: state(.acceptsRemoteConfig))
        #expect(unable.message.command == nil)
        #expect(unable.message.remoteConfig == content.remoteConfig)
    }

    @Test func `a custom message goes to an agent that listed its capability`() {
        let content = ServerToAgent(
            customMessage: CustomMessage(capability: MoveMessage.capability, type: "x", data: []))
        #expect(PermittedMessage(content, for: state([])).withheld == .customMessage)
        let listed = state([], custom: [MoveMessage.capability])
        #expect(PermittedMessage(content, for: listed).message == content)
    }
}
