import OpAMPProto
import ServerAPI
import ServerCore
import Testing
import Vocabulary

@testable import MiniServer

@Suite(.timeLimit(.minutes(1)))
struct RemoteConfigurationTests {
    /// `opamp-agent enroll` ends as soon as it has its leaf, and any agent may be killed with a file half written.
    @Test func `a configuration that an earlier session was still applying is offered again, an applied one is not`()
        async throws
    {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            try await world.eu.call(
                OperatorRoutes.saveConfiguration("base"),
                sending: ConfigurationText(contentType: "text/yaml", body: "receivers: {}"))
            let row = try await world.row(of: agent, at: world.eu)
            try await world.eu.call(
                OperatorRoutes.assignAgent(row.id.description),
                sending: Assignment(configuration: "base"))

            for outcome in [RemoteConfigStatuses.applying, .applied] {
                let line = try await agent.dial(world.eu)
                let offered = try #require(try await line.report(takingConfigurations).remoteConfig)
                try await line.send { message in
                    takingConfigurations(&message)
                    message.remoteConfigStatus = RemoteConfigStatus(
                        lastRemoteConfigHash: offered.configHash, status: outcome)
                }
                try await line.hear()
                try await line.leave()
            }
            let last = try await agent.dial(world.eu)
            #expect(try await last.report(takingConfigurations).remoteConfig == nil)
            await last.cut()
        }
    }

    private func takingConfigurations(_ message: inout AgentToServer) {
        message.capabilities.formUnion([.acceptsRemoteConfig, .reportsRemoteConfig])
    }
}
