import Certificates
import OpAMPProto
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Testing
import Vocabulary

@testable import MiniServer

@Suite(.timeLimit(.minutes(1)))
struct EnrolmentTests {
    private static let config = ServerToAgent(
        connectionSettings: ConnectionSettingsOffers(
            hash: [1], opamp: OpAMPConnectionSettings(destinationEndpoint: "wss://b.example/v1/opamp")))

    @Test(arguments: [ConnectionRequest.Transport.webSocket, .polling])
    func `presenting a used token does not prove that the caller is the agent that used it`(
        transport: ConnectionRequest.Transport
    )
        async throws
    {
        try await HandoverWorld.run { world in
            let token = try await world.bootstrapToken(at: world.eu)
            let agent = try await world.enrolled(WireAgent(), at: world.eu, with: token)
            let line = try await agent.connect(to: world.eu)
            let row = try await world.row(of: agent, at: world.eu)
            let agents = world.eu.server.context.agents

            let stranger = try await WireAgent().dial(
                world.eu, over: transport, headers: ["Authorization: Bearer \(token)"])
            try await stranger.report()
            #expect(agents.session(of: row.id)?.leaf == row.fingerprint)
            let enrolling = try #require(agents.sessions.first { $0.kind == .enrolling })
            #expect(await agents.send(Self.config, to: enrolling.agent) == .notConnected)
            #expect(await agents.send(Self.config, to: row.id) == .sent(withheld: []))
            #expect(try await line.offer().hash == [1])
            if transport == .webSocket { try await stranger.leave() } else { await stranger.cut() }
            await world.eu.server.fleet.closed(enrolling, .lost, at: .now)
            #expect(try await world.row(of: agent, at: world.eu).presence == .live)
            await line.cut()
        }
    }

    @Test func `a newcomer with another agent's instance uid gets a new one with its leaf`() async throws {
        try await HandoverWorld.run { world in
            let first = try await world.enrolled(at: world.eu)
            let row = try await world.row(of: first, at: world.eu)
            let token = try await world.bootstrapToken(at: world.eu)
            let newcomer = WireAgent(key: try .generateP256(), uid: first.uid)
            let line = try await newcomer.dial(world.eu, headers: ["Authorization: Bearer \(token)"])
            let answer = try await line.report { $0.connectionSettingsRequest = try newcomer.leafRequest }
            let given = try #require(InstanceUID(bytes: answer.agentIdentification?.newInstanceUID ?? []))
            #expect(given != first.uid)
            try await line.leave()

            // Its answer was lost: it asks again, and hears the same.
            let again = try await newcomer.dial(world.eu, headers: ["Authorization: Bearer \(token)"])
            let same = try await again.report { $0.connectionSettingsRequest = try newcomer.leafRequest }
            #expect(same.agentIdentification?.newInstanceUID == given.bytes)
            #expect(try same.offeredLeaf == (try answer.offeredLeaf))
            await again.cut()

            let leaf = try answer.offeredLeaf
            let own = try #require(
                try await world.eu.server.context.database.read { try $0.agents.find(leaf.fingerprint) })
            #expect(own.id != row.id && own.instanceUID == given)
            #expect(try await world.row(of: first, at: world.eu) == row)
            let line2 = try await newcomer.with(leaf).connect(to: world.eu)
            #expect(try await world.row(of: first, at: world.eu).presence != .live)
            await line2.cut()
        }
    }

    @Test func `a lost answer is given again to the same key, within the life of the token`() async throws {
        try await HandoverWorld.run { world in
            let token = try await world.bootstrapToken(at: world.eu)
            let host = try WireAgent()
            let agent = try await world.enrolled(host, at: world.eu, with: token)
            #expect(try await world.enrolled(host, at: world.eu, with: token).leaf == agent.leaf)

            let other = try WireAgent()
            let line = try await other.dial(world.eu, headers: ["Authorization: Bearer \(token)"])
            let answer = try await line.report { $0.connectionSettingsRequest = try other.leafRequest }
            #expect(answer.errorResponse?.errorMessage.contains("fleet.bootstrap-used") == true)
            #expect(answer.connectionSettings == nil)
            await line.cut()

            let request = { (at: Timestamp) in
                ConnectionRequest(
                    caller: Caller(presented: .nothing, address: "127.0.0.1"),
                    bearer: BearerToken(authorization: "Bearer \(token)"), transport: .polling, at: at)
            }
            guard case .admitted = try await world.eu.server.fleet.admit(request(.now)) else {
                Issue.record("the token still lives")
                return
            }
            guard case .refused(let problem) = try await world.eu.server.fleet.admit(request(.now + .seconds(86_400)))
            else {
                Issue.record("a spent token outlived its time")
                return
            }
            #expect(problem.message.code == "fleet.bootstrap-expired")
        }
    }
}
