import Certificates
import NIOCore
import OpAMPProto
import ServerCore
import ServerTransport
import Synchronization
import TestPKI
import TestValues
import Testing
import Vocabulary
import WireSamples

@testable import MiniServer

@Suite(.timeLimit(.minutes(1)))
struct OpAMPEndpointTests {
    typealias Example = AgentToServerExample

    static let offer = ServerToAgent(
        connectionSettings: ConnectionSettingsOffers(
            hash: [1], opamp: OpAMPConnectionSettings(destinationEndpoint: "wss://b.example/v1/opamp")))

    @Test func `the service is shown what was presented`() async throws {
        let service = ScriptedOpAMPService()
        let handover = try #require(HandoverID(bytes: Array(1...16)))
        try await TestServer.run(service: service) { server in
            let headers = ["Authorization: bearer  opamp-bs.secret", "Handover-Id: \(handover)"]
            let client = try await server.client()
            #expect(try await client.upgrade(headers: headers)?.status == 101)
            await client.close()
            _ = try await server.client().poll(Example.full(sequence: 1), headers: headers)
        }
        #expect(service.requests.map(\.transport) == [.webSocket, .polling])
        for request in service.requests {
            #expect(request.bearer?.reveal() == "opamp-bs.secret")
            #expect("\(request)".contains("opamp-bs.secret") == false)
            #expect(request.handover == handover)
            #expect(request.caller == Caller(presented: .nothing, address: "127.0.0.1"))
        }
    }

    @Test func `every message is answered, and a heartbeat does not trouble the service`() async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let client = try await server.socket(as: try server.pki.agent())
            let first = try #require(try await client.exchange(Example.full(sequence: 1)))
            #expect(first.capabilities.contains(.acceptsStatus))
            #expect(first.customCapabilities?.capabilities == ["io.opamp-handover.move/1"])
            for sequence in UInt64(2)...20 {
                let reply = try await client.exchange(Example.heartbeat(sequence: sequence))
                #expect(reply == ServerToAgent(instanceUID: Example.uid))
            }
            await client.close()
        }
        #expect(service.reports.count == 1)
        #expect(service.heartbeats == 19)
    }

    @Test func `a session that enrols and asks for no certificate ends after half a minute, and no other does`()
        async throws
    {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let (agent, newcomer) = (try await server.socket(as: try server.pki.agent()), try await server.socket())
            for client in [agent, newcomer] { _ = try await client.exchange(Example.full(sequence: 1)) }
            let opened = try #require(server.endpoint.agents.sessions.first { $0.kind == .enrolling }).began
            server.endpoint.endOverdueEnrolments(at: opened + .seconds(30) - .milliseconds(1))
            #expect(server.endpoint.agents.sessions.count == 2)
            server.endpoint.endOverdueEnrolments(at: opened + .seconds(30))
            let close = await newcomer.frame()
            #expect(close?.closeReason == "No signing request came.")
            #expect(server.endpoint.agents.sessions.map(\.kind) == [.agent])
            await newcomer.close()
            await agent.close()
        }
    }

    @Test func `messages sent in one breath are answered in their order`() async throws {
        let service = ScriptedOpAMPService(answer: { report, _ in
            await Task.yield()
            return .badRequest("\(report.message.sequenceNumber)")
        })
        try await TestServer.run(service: service) { server in
            let client = try await server.socket(as: try server.pki.agent())
            let frames = try (UInt64(1)...50).flatMap { sequence in
                RawFrame.bytes(0x82, FrameHeader.framed(try Example.full(sequence: sequence).encoded()))
            }
            try await client.send(frames)
            for sequence in 1...50 {
                #expect(try await client.message()?.errorResponse?.errorMessage == "\(sequence)")
            }
            await client.close()
        }
    }

    @Test func `an offer reaches a WebSocket at once and a poll with the next answer`() async throws {
        try await TestServer.run { server in
            let socket = try await server.socket(as: try server.pki.agent())
            _ = try await socket.exchange(Example.full(sequence: 1))
            let row = try #require(server.endpoint.agents.sessions.first?.agent)
            #expect(await server.endpoint.agents.send(Self.offer, to: row) == .sent(withheld: []))
            let pushed = try await socket.message()
            #expect(pushed?.connectionSettings == Self.offer.connectionSettings)
            #expect(pushed?.instanceUID == Example.uid)
            await socket.close()

            let poller = try await server.client(as: try server.pki.agent())
            _ = try await poller.poll(Example.full(sequence: 1))
            let polling = try #require(server.endpoint.agents.sessions.first { $0.transport == .polling }?.agent)
            #expect(await server.endpoint.agents.send(Self.offer, to: polling) == .waitsForPoll)
            let answer = try await poller.poll(Example.heartbeat(sequence: 2))
            #expect(answer?.connectionSettings == Self.offer.connectionSettings)
            #expect(try await poller.poll(Example.heartbeat(sequence: 3))?.connectionSettings == nil)
        }
    }

    @Test func `an agent without the capability is not offered settings`() async throws {
        try await TestServer.run { server in
            let socket = try await server.socket(as: try server.pki.agent())
            _ = try await socket.exchange(Example.full(sequence: 1, capabilities: [.reportsStatus]))
            let row = try #require(server.endpoint.agents.sessions.first?.agent)
            #expect(await server.endpoint.agents.send(Self.offer, to: row) == .notPermitted(.opampSettings))
            let nobody = AgentID(repeating: 9)
            #expect(await server.endpoint.agents.send(Self.offer, to: nobody) == .notConnected)
            await socket.close()
        }
    }

    @Test func `commands pushed to a poller go alone and after the rest`() async throws {
        try await TestServer.run { server in
            let poller = try await server.client(as: try server.pki.agent())
            var capable = Example.full(sequence: 1)
            capable.capabilities.insert(.acceptsRestartCommand)
            _ = try await poller.poll(capable)
            let row = try #require(server.endpoint.agents.sessions.first?.agent)
            let restart = ServerToAgent(command: ServerToAgentCommand())
            _ = await server.endpoint.agents.send(restart, to: row)
            _ = await server.endpoint.agents.send(Self.offer, to: row)
            var heartbeat = Example.heartbeat(sequence: 2)
            heartbeat.capabilities = capable.capabilities
            let first = try await poller.poll(heartbeat)
            #expect(first?.command == nil && first?.connectionSettings != nil)
            heartbeat.sequenceNumber = 3
            #expect(try await poller.poll(heartbeat)?.command != nil)
            heartbeat.sequenceNumber = 4
            #expect(try await poller.poll(heartbeat)?.command == nil)
        }
    }

    @Test func `goodbye forgets the agent and tells the service once`() async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            var goodbye = Example.heartbeat(sequence: 2)
            goodbye.agentDisconnect = true
            let socket = try await server.socket(as: try server.pki.agent())
            _ = try await socket.exchange(Example.full(sequence: 1))
            #expect(try await socket.exchange(goodbye)?.instanceUID == Example.uid)
            #expect(await socket.frame()?.closeCode == 1000)
            #expect(server.endpoint.agents.sessions == [])
            await socket.close()

            let poller = try await server.client()
            _ = try await poller.poll(Example.full(sequence: 1))
            _ = try await poller.poll(goodbye)
            #expect(server.endpoint.agents.sessions == [])
            #expect(await service.closings(2).map(\.ending) == [.agentDisconnected, .agentDisconnected])
            // Forgotten: a compressed report is not enough any more.
            let stranger = try await poller.poll(Example.heartbeat(sequence: 3))
            #expect(stranger?.flags.contains(.reportFullState) == true)
        }
        #expect(service.reports.map(\.message.agentDisconnect) == [false, true, false, true, false])
        #expect(service.closings.count == 2)
    }

    @Test func `the newest connection of an agent stands`() async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let agent = try server.pki.agent()
            let old = try await server.socket(as: agent)
            _ = try await old.exchange(Example.full(sequence: 1))
            let new = try await server.socket(as: agent)
            #expect(try await new.exchange(Example.full(sequence: 1)) != nil)
            let frame = await old.frame()
            #expect(frame?.closeCode == 1000 && frame?.closeReason == "replaced by a newer connection")
            #expect(server.endpoint.agents.sessions.map(\.number) == [2])
            #expect(await service.closings(1).map(\.ending) == [.replaced])
            await old.close()
            _ = try await server.client(as: agent).poll(Example.full(sequence: 1))
            #expect(await new.frame()?.closeCode == 1000)
            #expect(server.endpoint.agents.sessions.map(\.transport) == [.polling])
            await new.close()
        }
    }

    @Test func `an upgrade without a message takes nobody's place and is no session`() async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let agent = try server.pki.agent()
            let live = try await server.socket(as: agent)
            _ = try await live.exchange(Example.full(sequence: 1))
            let bare = try await server.socket(as: agent)
            #expect(server.endpoint.agents.sessions.map(\.number) == [1])
            await bare.close()
            let dismissed = try await server.socket(as: agent)
            #expect(try await live.exchange(Example.heartbeat(sequence: 2)) != nil)
            _ = try await server.client(as: agent).post("/v1/opamp", [255])
            #expect(try await live.exchange(Example.heartbeat(sequence: 3)) != nil)
            server.endpoint.agents.dismiss(because: "leaf-revoked") { $0.leaf == agent.certificate.fingerprint }
            #expect(await dismissed.frame()?.closeCode == 1008, "it was let in by what is no longer so")
            #expect(await live.frame()?.closeCode == 1008)
            #expect(await service.closings(1).map(\.session.number) == [1])
            await dismissed.close()
            await live.close()
        }
        #expect(service.closings.count == 1)
    }

    @Test func `an offer that waits for a poll is not lost to another in the same answer`() async throws {
        let own = ConnectionSettingsOffers(hash: [2], opamp: OpAMPConnectionSettings(heartbeatIntervalSeconds: 9))
        let service = ScriptedOpAMPService(answer: { report, _ in
            report.message.health == nil ? .nothing : OpAMPAnswer(ServerToAgent(connectionSettings: own))
        })
        try await TestServer.run(service: service) { server in
            let poller = try await server.client()
            _ = try await poller.poll(Example.full(sequence: 1))
            let row = try #require(server.endpoint.agents.sessions.first?.agent)
            #expect(await server.endpoint.agents.send(Self.offer, to: row) == .notConnected, "it is enrolling")

            let agent = try await server.client(as: try server.pki.agent())
            _ = try await agent.poll(Example.full(sequence: 1))
            let member = try #require(server.endpoint.agents.sessions.first { $0.kind == .agent }?.agent)
            #expect(await server.endpoint.agents.send(Self.offer, to: member) == .waitsForPoll)
            let second = try await agent.poll(Example.full(sequence: 2))
            #expect(second?.connectionSettings == own)
            let third = try await agent.poll(Example.heartbeat(sequence: 3))
            #expect(third?.connectionSettings == Self.offer.connectionSettings)
        }
    }

    @Test func `an offer waits while nobody can say whether it was recalled, and is dropped when it was`() async throws
    {
        let own = ConnectionSettingsOffers(hash: [2], opamp: OpAMPConnectionSettings(heartbeatIntervalSeconds: 9))
        let known = Mutex<Bool?>(nil)
        let service = ScriptedOpAMPService(
            recall: { known.withLock { $0 } },
            answer: { report, _ in
                report.message.health == nil ? .nothing : OpAMPAnswer(ServerToAgent(connectionSettings: own))
            })
        try await TestServer.run(service: service) { server in
            let agent = try await server.client(as: try server.pki.agent())
            _ = try await agent.poll(Example.full(sequence: 1))
            let row = try #require(server.endpoint.agents.sessions.first?.agent)
            #expect(await server.endpoint.agents.send(Self.offer, to: row) == .waitsForPoll)
            #expect(try await agent.poll(Example.full(sequence: 2))?.connectionSettings == own)
            #expect(try await agent.poll(Example.heartbeat(sequence: 3))?.connectionSettings == nil)
            known.withLock { $0 = false }
            let fourth = try await agent.poll(Example.heartbeat(sequence: 4))
            #expect(fourth?.connectionSettings == Self.offer.connectionSettings)
            #expect(await server.endpoint.agents.send(Self.offer, to: row) == .waitsForPoll)
            known.withLock { $0 = true }
            #expect(try await agent.poll(Example.heartbeat(sequence: 5))?.connectionSettings == nil)
            known.withLock { $0 = false }
            #expect(try await agent.poll(Example.heartbeat(sequence: 6))?.connectionSettings == nil)
        }
    }

    @Test func `a change of trust closes the sessions it concerns and no others`() async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let revoked = try server.pki.agent()
            let victim = try await server.socket(as: revoked)
            let other = try await server.socket(as: try server.pki.agent())
            _ = try await victim.exchange(Example.full(sequence: 1))
            _ = try await other.exchange(Example.full(sequence: 1))
            server.endpoint.agents.dismiss(because: "leaf-revoked") { $0.leaf == revoked.certificate.fingerprint }
            let frame = await victim.frame()
            #expect(frame?.closeCode == 1008 && frame?.closeReason == "leaf-revoked")
            #expect(try await other.exchange(Example.heartbeat(sequence: 2)) != nil)
            #expect(await service.closings(1).map(\.session.leaf) == [revoked.certificate.fingerprint])
            await victim.close()
            await other.close()
        }
    }

    @Test func `the service may end a session behind its answer`() async throws {
        let service = ScriptedOpAMPService(answer: { _, _ in OpAMPAnswer(ServerToAgent(), dismissal: "moved") })
        try await TestServer.run(service: service) { server in
            let socket = try await server.socket(as: try server.pki.agent())
            #expect(try await socket.exchange(Example.full(sequence: 1))?.instanceUID == Example.uid)
            #expect(await socket.frame()?.closeCode == 1008)
            #expect(await service.closings(1).map(\.ending) == [.dismissed("moved")])
            await socket.close()
        }
    }

    @Test func `a full service answers 503 to a request and UNAVAILABLE to a message`() async throws {
        let closed = ConcurrencyLimit(limit: 0)
        try await TestServer.run(gate: closed) { server in
            let answer = try #require(try await server.client().upgrade())
            #expect(answer.status == 503 && answer["retry-after"] == "30")
            let poll = try #require(try await server.client().post("/v1/opamp", []))
            #expect(poll.status == 503 && poll["retry-after"] == "30")
        }
        let session = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let entered = AsyncStream<Void>.makeStream()
        let service = ScriptedOpAMPService(answer: { _, _ in
            await withCheckedContinuation { continuation in
                session.withLock { $0 = continuation }
                entered.continuation.yield()
            }
            return .nothing
        })
        let gate = ConcurrencyLimit(limit: 1)
        try await TestServer.run(service: service, gate: gate) { server in
            let early = try await server.socket(as: try server.pki.agent())
            let late = try await server.socket(as: try server.pki.agent())
            try await early.send(Example.full(sequence: 1))
            for await _ in entered.stream { break }
            let refused = try await late.exchange(Example.full(sequence: 1))
            #expect(refused?.errorResponse?.type == .unavailable)
            #expect(refused?.errorResponse?.retryInfo?.retryAfterNanoseconds == 30_000_000_000)
            session.withLock { $0 }?.resume()
            #expect(try await early.message()?.errorResponse == nil)
            await early.close()
            await late.close()
        }
    }

    @Test func `polls of one agent are one session whose answers can be compressed`() async throws {
        let service = ScriptedOpAMPService()
        // The server's clock is set back, which must not keep a session that no one polls for.
        let clock = Mutex(TestClock.start)
        try await TestServer.run(service: service, now: { clock.withLock { $0 } }) { server in
            let agent = try server.pki.agent()
            let client = try await server.client(as: agent)
            #expect(try await client.poll(Example.full(sequence: 1))?.capabilities == .ours)
            await client.close()
            let next = try await server.client(as: agent)
            #expect(try await next.poll(Example.heartbeat(sequence: 2)) == ServerToAgent(instanceUID: Example.uid))
            let link = try #require(server.endpoint.agents.pollingLinks.first)
            clock.withLock { $0 = $0 - .seconds(3600) }
            link.endIfSilent(for: .zero)
            #expect(await service.closings(1).map(\.ending) == [.silent])
            #expect(try await next.poll(Example.heartbeat(sequence: 3))?.flags == .reportFullState)
        }
        #expect(service.reports.map(\.isFirst) == [true, true])
    }

    @Test func `a large answer is compressed for a client that takes it`() async throws {
        let file = AgentConfigFile(body: Array(repeating: 7, count: 100_000), contentType: "")
        let config = ServerToAgent(
            remoteConfig: AgentRemoteConfig(config: AgentConfigMap(configMap: ["": file]), configHash: [1]))
        let service = ScriptedOpAMPService(answer: { _, _ in OpAMPAnswer(config) })
        try await TestServer.run(service: service) { server in
            let message = try Example.full(sequence: 1, capabilities: [.reportsStatus, .acceptsRemoteConfig]).encoded()
            let client = try await server.client()
            let plain = try #require(try await client.post("/v1/opamp", message))
            #expect(try ServerToAgent(decoding: plain.body).remoteConfig == config.remoteConfig)
            let small = try #require(try await client.post("/v1/opamp", message, headers: ["Accept-Encoding: gzip"]))
            #expect(small["content-encoding"] == "gzip")
            #expect(small.body.count < 2000)
        }
    }

    @Test func `a client whose report is large is told that gzip is read`() async throws {
        let service = ScriptedOpAMPService(answer: { _, _ in OpAMPAnswer(ServerToAgent()) })
        try await TestServer.run(service: service) { server in
            let client = try await server.client()
            var report = Example.full(sequence: 1)
            let small = try #require(try await client.post("/v1/opamp", try report.encoded()))
            #expect(small["accept-encoding"] == nil)
            let file = AgentConfigFile(body: Array(repeating: 7, count: 2000), contentType: "")
            report.sequenceNumber = 2
            report.effectiveConfig = EffectiveConfig(configMap: AgentConfigMap(configMap: ["": file]))
            let large = try #require(try await client.post("/v1/opamp", try report.encoded()))
            #expect(large["accept-encoding"] == "gzip")
        }
    }

    /// Its connection ended before the answer came, and the agent cannot know what became of the poll (decision 0056).
    @Test func `a poll that comes twice is answered twice, and the second answer asks for everything`() async throws {
        let service = ScriptedOpAMPService(answer: { _, _ in OpAMPAnswer(ServerToAgent()) })
        try await TestServer.run(service: service) { server in
            let agent = try server.pki.agent()
            let client = try await server.client(as: agent)
            _ = try await client.poll(Example.full(sequence: 1))
            #expect(try await client.poll(Example.heartbeat(sequence: 2))?.flags == [])
            await client.close()
            let next = try await server.client(as: agent)
            #expect(try await next.poll(Example.heartbeat(sequence: 2))?.flags == .reportFullState)
            #expect(try await next.poll(Example.full(sequence: 3))?.flags == [])
            #expect(try await next.poll(Example.heartbeat(sequence: 4))?.flags == [])
        }
        #expect(service.reports.allSatisfy { $0.copy == nil })
    }

    /// RFC 6455 section 9.1: what is not in the answer was not agreed on.
    @Test func `permessage-deflate is declined`() async throws {
        let service = ScriptedOpAMPService(answer: { _, _ in OpAMPAnswer(ServerToAgent()) })
        try await TestServer.run(service: service) { server in
            let client = try await server.client()
            let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
            try await client.send(RawClient.upgradeRequest(headers: [offer]))
            let answer = try #require(await client.answer())
            #expect(answer.status == 101)
            #expect(answer["sec-websocket-extensions"] == nil)
        }
    }
}
