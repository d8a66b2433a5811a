import Certificates
import Foundation
import OpAMPProto
import ServerAPI
import ServerCore
import ServerTransport
import Testing
import Vocabulary
import WireSamples

@testable import MiniServer

@Suite(.timeLimit(.minutes(1)))
struct SessionWireTests {
    @Test func `what a server keeps of a report is its operator's to say`() async throws {
        try await RunningServer.withDirectory { root in
            let configuration = ServerConfiguration(
                dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0, longestDescription: 2 << 10,
                longestReportPart: 4 << 10)
            try await RunningServer.runOnce(configuration) { server in
                let world = HandoverWorld(eu: server, us: server)
                let agent = try await world.enrolled(at: server)
                let line = try await agent.connect(to: server)
                let refusal = try await line.report { message in
                    message.agentDescription?.nonIdentifyingAttributes = [
                        KeyValue(key: "note", value: .string(String(repeating: "x", count: 2 << 10)))
                    ]
                }
                let reason = refusal.errorResponse?.errorMessage
                #expect(reason?.contains("it may have 2048") == true, "\(reason ?? "no error")")
                try await line.send {
                    $0.health = ComponentHealth(healthy: false, lastError: String(repeating: "x", count: 4 << 10))
                }
                try await line.hear()
                let left = try await server.audit().filter { $0.action == .reportTooLarge }
                #expect(left.map { $0.additional["parts"] } == ["health"])
                await line.cut()
            }
        }
    }

    /// A heartbeat changes no row; a server that is killed still knows of it.
    @Test func `when an agent was heard last is saved in time, and at the end of the server`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let line = try await agent.connect(to: world.eu)
            let fleet = world.eu.server.fleet
            let first = try await world.row(of: agent, at: world.eu)
            let heard = { fleet.memory(of: first.id)?.lastHeard ?? Timestamp(seconds: 0) }
            while heard() <= first.lastSeen ?? Timestamp(seconds: 0) { try await line.beat() }
            #expect(try await world.row(of: agent, at: world.eu).lastSeen == first.lastSeen)
            await fleet.saveLastHeard()
            #expect(try await world.row(of: agent, at: world.eu).lastSeen == heard())
            await line.cut()
        }
    }

    @Test func `a polling agent that is restarted before its poll is offered the move afterwards`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let line = try await agent.connect(to: world.eu, over: .polling)
            let issued = try await world.issue(agent, from: world.eu, to: world.us)
            try await world.redeem(issued, at: world.us)
            try await until { try await world.source(issued, at: world.eu).offer != nil }
            try await line.send { $0.agentDisconnect = true }
            #expect(try await line.hear().connectionSettings == nil, "the offer was wasted on a goodbye")
            #expect(try await world.source(issued, at: world.eu).phase == .redeemed)
            await line.cut()

            let restarted = try await agent.connect(to: world.eu, over: .polling)
            let hash = try await restarted.offer().hash
            #expect(try await world.source(issued, at: world.eu).offerHashes.contains(hash))
            await restarted.cut()
        }
    }

    @Test func `an offer that waits for a poll stays when its handover is cancelled`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let line = try await agent.connect(to: world.eu, over: .polling)
            let issued = try await world.issue(agent, from: world.eu, to: world.us)
            try await world.redeem(issued, at: world.us)
            try await until { try await world.source(issued, at: world.eu).offer != nil }
            let cancel = OperatorRoutes.cancelHandover(issued.handover.id.description)
            _ = try await world.eu.exchange(
                cancel, bearer: world.eu.admin, sending: HandoverCancellation(reason: "a test"))
            #expect(try await world.source(issued, at: world.eu).phase == .cancelled)
            try await line.send()
            let answer = try await line.hear()
            #expect(answer.connectionSettings == nil && answer.errorResponse == nil)
            await line.cut()
        }
    }

    /// Its goodbye may be lost, and a poll after it belongs to the same session, if there still is one.
    @Test func `an agent that is turned away is turned away again by its next poll`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let line = try await agent.connect(to: world.eu, over: .polling)
            let (there, issued) = try await world.handOver(agent, on: line, from: world.eu, to: world.us)
            await there.cut()
            let back = try await agent.dial(world.eu, over: .polling)
            for _ in 0..<3 {
                let answer = try await back.report(standing: (issued.handover.epoch, nil))
                #expect(answer.errorResponse?.type == .unavailable)
            }
            await back.cut()
        }
    }

    @Test func `what was cancelled between the head and the body of a request is not verified`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let issued = try await world.issue(agent, from: world.eu, to: world.us)
            try await world.redeem(issued, at: world.us)
            let fleet = world.us.server.fleet
            let request = ConnectionRequest(
                caller: Caller(presented: .leaf(try #require(agent.leaf)), address: "192.0.2.1"),
                handover: issued.handover.id, transport: .polling, at: .now)
            guard case .admitted(let row, let kind) = try await fleet.admit(request) else {
                Issue.record("the agent is not awaited")
                return
            }
            let session = AgentSession(number: 1 << 40, agent: row, kind: kind, request: request)
            try await world.us.server.withdraw(issued.handover.id)

            var conversation = AgentConversation(transport: .polling)
            var message = AgentToServerExample.full(sequence: 1)
            message.instanceUID = agent.uid.bytes
            let answer = try await fleet.received(try conversation.hear(message, at: .now), from: session)
            #expect(answer.content.errorResponse?.type == .unavailable && answer.dismissal != nil)
        }
    }

    @Test func `two hosts with one state directory are audited, counted and shown`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            var lines: [WireLine] = []
            for _ in 1...4 { lines.append(try await agent.connect(to: world.eu)) }
            let row = try await world.row(of: agent, at: world.eu)
            #expect(row.copyDetectedAt != nil)
            let audit = try await world.eu.audit()
            #expect(audit.filter { $0.action == .copyDetected }.count == 1)
            let shown = try await world.eu.call(
                OperatorRoutes.agent(row.id.description))
            #expect(shown.copyDetectedAt == row.copyDetectedAt)
            #expect(world.eu.server.context.metrics.exposition(gauges: []).contains("\(Metrics.copiesDetected) 1"))
            for line in lines { await line.cut() }
        }
    }

    @Test func `a message before a Close is decided`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let line = try await agent.connect(to: world.eu)
            for number in 1...5 {
                try await line.send { $0.health = ComponentHealth(healthy: false, lastError: "\(number)") }
            }
            try await line.client.send(RawFrame.bytes(0x88, [0x03, 0xE8]))
            #expect(await line.closing()?.code == 1000)
            try await until {
                let row = try await world.row(of: agent, at: world.eu)
                return row.health?.lastError == "5" && world.presence(of: row, at: world.eu) == .offline
            }
            await line.cut()
        }
    }

    @Test func `an agent that arrived by a handover hears of a new CA on the connection of its arrival`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let home = try await agent.connect(to: world.eu)
            let (line, there) = try await world.handOver(agent, on: home, from: world.eu, to: world.us, probation: 0)
            try await until { try await world.target(there, at: world.us).phase == .settled }
            let draft = try await world.us.call(OperatorRoutes.draftSigningKey())
            let offered = try await line.offer().opamp?.tls?.caPEMContents
            let authorities = try CertificateBundle(pem: try #require(offered)).certificates
            #expect(authorities.contains { $0.fingerprint == draft.fingerprint })
            await line.cut()
        }
    }

    @Test(arguments: [ConnectionRequest.Transport.webSocket, .polling])
    func `an agent says its epoch in a header`(transport: ConnectionRequest.Transport) async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let issued = try await world.issue(agent, from: world.eu, to: world.us)
            let line = try await agent.connect(
                to: world.eu, over: transport, headers: ["Handover-Epoch: \(issued.handover.epoch + 4)"])
            #expect(try await world.source(issued, at: world.eu).phase == .cancelled)
            #expect(try await world.row(of: agent, at: world.eu).epoch == issued.handover.epoch + 4)
            await line.cut()
        }
    }

    @Test func `a good bootstrap token decides even beside a certificate from elsewhere`() async throws {
        try await HandoverWorld.run { world in
            let foreign = try await world.enrolled(at: world.us)
            let token = try await world.bootstrapToken(at: world.eu)
            let agent = try await world.enrolled(foreign, at: world.eu, with: token)
            #expect(agent.leaf != foreign.leaf)
            let line = try await agent.connect(to: world.eu)
            await line.cut()
        }
    }
}

extension Server {
    fileprivate func withdraw(_ handover: HandoverID) async throws {
        try await shell.take([.withdrawRequested(reason: nil)], TargetHandover.self, of: handover, by: .server)
    }
}
