import Certificates
import OpAMPProto
import ServerAPI
import ServerCore
import Testing
import Vocabulary

@testable import MiniServer

@Suite(.timeLimit(.minutes(1)))
struct HandoverWireTests {
    @Test(arguments: [ConnectionRequest.Transport.webSocket, .polling])
    func `an agent is offered, goes, arrives, and its row says where it went`(
        over transport: ConnectionRequest.Transport
    ) async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let home = try await agent.connect(to: world.eu, over: transport)
            #expect(try await world.row(of: agent, at: world.eu).presence == .live)

            let issued = try await world.issue(agent, from: world.eu, to: world.us)
            try await world.redeem(issued, at: world.us)
            let (there, hash) = try await world.lead(
                agent, from: home, to: world.us, by: issued, over: transport)
            #expect(try await world.row(of: agent, at: world.us).presence == .arriving)
            try await there.report(.applied, of: hash)
            #expect(try await world.row(of: agent, at: world.us).presence == .live)
            try await until { try await world.source(issued, at: world.eu).phase == .moved }
            let left = try await world.row(of: agent, at: world.eu)
            #expect(left.presence == .movedToPeer(world.us.server.context.authority.peerID, name: "us"))
            let moved = try await world.row(of: agent, at: world.us)
            #expect(moved.fingerprint == (try agent.fingerprint) && moved.origin?.row == left.id)
            await there.cut()
        }
    }

    /// The session of the agent's row.
    private func session(of agent: WireAgent, at server: RunningServer, _ world: HandoverWorld) async throws
        -> AgentSession
    {
        let row = try await world.row(of: agent, at: server)
        return try #require(server.server.context.agents.session(of: row.id))
    }

    @Test func `an agent that has arrived is a member on the same unbroken line`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let home = try await agent.connect(to: world.eu)
            let (line, there) = try await world.handOver(agent, on: home, from: world.eu, to: world.us, probation: 0)
            try await until { try await world.target(there, at: world.us).phase == .settled }
            try await line.beat()

            // Signs of life leave the row alone.
            let row = try await world.row(of: agent, at: world.us)
            for _ in 0..<3 { try await line.beat() }
            #expect(try await world.row(of: agent, at: world.us) == row)

            // It may ask for a leaf of its new home.
            try await line.send { $0.connectionSettingsRequest = try agent.leafRequest }
            let leaf = try await line.hear { $0.connectionSettings != nil }.offeredLeaf
            #expect(leaf.publicKey == agent.key.publicKey && leaf.issuer != agent.leaf?.issuer)
            await line.cut()
        }
    }

    @Test func `a later offer that is refused on the line of the arrival is taken back at once`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let home = try await agent.connect(to: world.eu)
            let (line, there) = try await world.handOver(agent, on: home, from: world.eu, to: world.us, probation: 0)
            try await until { try await world.target(there, at: world.us).phase == .settled }

            let back = try await world.issue(agent, from: world.us, to: world.eu)
            try await world.redeem(back, at: world.eu)
            let offer = try await line.offer()
            try await line.report(.failed, of: offer.hash, "tls-untrusted: no")
            #expect(try await world.source(back, at: world.us).phase == .returned)
            await line.cut()
        }
    }

    @Test func `the end of a line that was replaced takes nothing back`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let home = try await agent.connect(to: world.eu)
            let issued = try await world.issue(agent, from: world.eu, to: world.us)
            try await world.redeem(issued, at: world.us)
            let (first, hash) = try await world.lead(agent, from: home, to: world.us, by: issued)
            let old = try await session(of: agent, at: world.us, world)
            let second = try await agent.connect(to: world.us)
            #expect(await first.closing()?.code == 1000)
            let service = world.us.server.fleet
            for ending in [SessionEnding.replaced, .lost] {
                await service.closed(old, ending, at: .now)
                #expect(try await world.target(issued, at: world.us).phase == .connected, "\(ending)")
            }
            try await second.report(.applied, of: hash)
            #expect(try await world.target(issued, at: world.us).phase == .arrived)
            await service.closed(old, .lost, at: .now)
            #expect(try await world.row(of: agent, at: world.us).presence == .live)
            await second.cut()
            let row = try await world.row(of: agent, at: world.us)
            try await until { world.presence(of: row, at: world.us) == .offline }
        }
    }

    @Test func `an agent that knows of a later handover ends the earlier ones`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let issued = try await world.issue(agent, from: world.eu, to: world.us)
            let same = try await agent.connect(to: world.eu, standing: (issued.handover.epoch, nil))
            #expect(try await world.source(issued, at: world.eu).phase == .issued)
            let later = try await agent.connect(to: world.eu, standing: (issued.handover.epoch + 4, nil))
            #expect(try await world.source(issued, at: world.eu).phase == .cancelled)
            #expect(try await world.row(of: agent, at: world.eu).epoch == issued.handover.epoch + 4)
            await same.cut()

            let (line, there) = try await world.handOver(agent, on: later, from: world.eu, to: world.us)
            await line.cut()
            _ = try? await agent.connect(to: world.us, standing: (there.handover.epoch + 1, nil))
            #expect(try await !world.target(there, at: world.us).phase.isOpen)
        }
    }

    @Test func `over HTTP an offer is sent when a poll takes it, and again until the agent goes`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let line = try await agent.connect(to: world.eu, over: .polling)
            let issued = try await world.issue(agent, from: world.eu, to: world.us)
            try await world.redeem(issued, at: world.us)
            try await until { try await world.source(issued, at: world.eu).offer != nil }
            let push = OperatorRoutes.pushHandover
            _ = try await world.eu.exchange(
                push(issued.handover.id.description), bearer: world.eu.admin)
            #expect(try await world.source(issued, at: world.eu).phase == .redeemed)

            try await line.send()
            let hash = try #require(try await line.hear().connectionSettings).hash
            try await until { try await world.source(issued, at: world.eu).phase == .offered }
            // The answer was lost.
            try await line.send()
            #expect(try await line.hear().connectionSettings?.hash == hash)
            // The server has forgotten all that it kept in memory.
            let row = try await world.row(of: agent, at: world.eu)
            world.eu.server.context.agents.dismiss(row.id, because: "a test")
            #expect(try await line.report().connectionSettings?.hash == hash)
            try await line.report(.applying, of: hash)
            #expect(try await world.source(issued, at: world.eu).phase == .leaving)
            await line.cut()
        }
    }

    @Test func `an agent that comes for a handover which is not awaited is told so`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let handover = try #require(HandoverID(bytes: Array(1...16)))
            let refusal = await #expect(throws: WireLine.Refused.self) {
                try await agent.dial(world.eu, headers: ["Handover-Id: \(handover)"])
            }
            #expect(refusal?.code == "fleet.leaf-not-awaited")
            #expect(refusal?.answer["opamp-handover-cause"] == "tls-leaf-refused")
        }
    }
}
