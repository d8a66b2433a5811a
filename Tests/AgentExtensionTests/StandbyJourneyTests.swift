import AgentCore
import ScriptedOpAMPServer
import Testing
import Vocabulary

@testable import AgentExtension

/// The agent's look at its standby server, over the network.
@Suite(.timeLimit(.minutes(1))) struct StandbyJourneyTests {
    @Test func `a standby server is verified by TLS alone, and status shows what was seen`() async throws {
        let source = try await ScriptedOpAMPServer.start("EU")
        let target = try await ScriptedOpAMPServer.start("US")
        defer {
            source.stop()
            target.stop()
        }
        let host = try HostDirectory()
        try host.configure(for: source)
        #expect(try await host.enrol().status == 0)
        var configuration = try HostConfiguration(file: host.configuration)
        configuration.standby = StandbyPolicy(checkInterval: .milliseconds(100))
        let log = LogBook()
        let agent = try AgentExtension.start(configuration, log: log.sink)
        func check() throws -> JSON? { try AgentStatus(of: configuration).json["standby"]?["check"] }

        source.offer(
            try source.standbyGrant(of: try #require(host.leaf), uid: try #require(host.uid), to: target))
        #expect(await eventually { log.text.contains("standby.verified") }, "\(log.text)")
        #expect(await eventually { (try? check())??["good"]?.bool == true })
        #expect(target.connectionCount > 0 && target.requests.isEmpty, "not one request")

        target.stop()
        #expect(await eventually { log.text.contains("standby.not-verified") })
        #expect(await eventually { (try? check())??["cause"]?.string == "tcp" })
        let snapshot = await agent.snapshot
        #expect(snapshot.contact == .online && snapshot.standby?.cause == .tcp)
        #expect(try AgentStatus(of: configuration).text.contains("tcp at "))
        await agent.stop()
        #expect(try AgentStatus(of: configuration).json["standby"]?["check"] == nil, "it is of a process")
    }
}
