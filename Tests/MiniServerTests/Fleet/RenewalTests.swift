import Certificates
import OpAMPProto
import ServerAPI
import ServerCore
import ServerTransport
import Testing
import Vocabulary
import WireSamples

@testable import MiniServer

@Suite(.timeLimit(.minutes(1)))
struct RenewalTests {
    private func renew(_ agent: WireAgent, on line: WireLine) async throws -> WireAgent {
        try await line.send { $0.connectionSettingsRequest = try agent.leafRequest }
        return agent.with(try await line.hear { $0.connectionSettings != nil }.offeredLeaf)
    }

    private func refusal(of agent: WireAgent, at server: RunningServer) async -> String? {
        do {
            await (try await agent.dial(server)).cut()
            return nil
        } catch {
            return (error as? WireLine.Refused)?.code
        }
    }

    @Test func `a renewal whose answer was lost is answered with the same leaf`() async throws {
        try await HandoverWorld.run { world in
            let old = try await world.enrolled(at: world.eu)
            let line = try await old.connect(to: world.eu)
            let new = try await renew(old, on: line)
            #expect(new.leaf != old.leaf)
            await line.cut()
            let again = try await old.connect(to: world.eu)
            #expect(try await renew(old, on: again).leaf == new.leaf)

            // The agent is what it was last seen as: a token is bound to the leaf that it holds.
            let there = try await world.handOver(old, on: again, from: world.eu, to: world.us)
            await there.line.cut()
        }
    }

    @Test func `a new leaf that the agent could not do with is given up`() async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let line = try await agent.connect(to: world.eu)
            try await line.send { $0.connectionSettingsRequest = try agent.leafRequest }
            let offer = try await line.offer()
            let back = try await agent.connect(to: world.eu)
            try await back.report(.failed, of: offer.hash, "timeout")
            let row = try await world.row(of: agent, at: world.eu)
            #expect(row.leaf == agent.leaf && row.pendingLeaf == nil)
            // The next one is another offer, which it has no verdict on.
            try await back.send { $0.connectionSettingsRequest = try agent.leafRequest }
            #expect(try await back.offer().hash != offer.hash)
            await back.cut()
        }
    }

    @Test func `the previous leaf is refused beside the new one, and accepted for a day without it`() async throws {
        try await HandoverWorld.run { world in
            let old = try await world.enrolled(at: world.eu)
            let line = try await old.connect(to: world.eu)
            let new = try await renew(old, on: line)
            try await line.leave()
            let row = try await world.row(of: old, at: world.eu)
            let (was, present) = (try old.fingerprint, try new.fingerprint)
            #expect(row.fingerprint == was && row.pendingLeaf?.fingerprint == present)

            #expect(await refusal(of: old, at: world.eu) == nil, "the new one has not been seen")
            let second = try await new.connect(to: world.eu)
            #expect(await refusal(of: old, at: world.eu) == nil, "the agent may only be trying it")
            try await second.beat()
            #expect(await refusal(of: old, at: world.eu) == "fleet.leaf-clone")
            try await second.leave()
            #expect(await refusal(of: old, at: world.eu) == nil, "its day has just begun")
            let shown = try await world.row(of: old, at: world.eu)
            #expect(shown.fingerprint == present && shown.previousLeaf == was && shown.copyDetectedAt != nil)

            let audit = try await world.eu.audit().filter { $0.entityID == row.id.description }
            let clones = audit.filter { $0.action == .copyDetected }
            #expect(Set(clones.map(\.after)) == ["live", "refused"])
            let fingerprints = Set(clones.compactMap { $0.additional["fingerprint"] })
            #expect(fingerprints == [was.description, present.description])
        }
    }

    @Test func `a session that uses the previous leaf ends when that leaf's overlap ends`() async throws {
        try await HandoverWorld.run { world in
            let old = try await world.enrolled(at: world.eu)
            let first = try await old.connect(to: world.eu)
            let new = try await renew(old, on: first)
            let shown = try await new.connect(to: world.eu)
            try await shown.beat()
            try await shown.leave()
            let line = try await old.connect(to: world.eu)
            let service = world.eu.server.fleet
            let row = try await world.row(of: old, at: world.eu)
            let session = try #require(world.eu.server.context.agents.session(of: row.id))
            let day = try #require(row.previousLeafUntil)
            #expect(!service.heard(from: session, at: day - .milliseconds(1)), "it may stay with that leaf")

            var conversation = AgentConversation(transport: .webSocket)
            let message = AgentToServer(
                instanceUID: old.uid.bytes, sequenceNumber: 9, capabilities: AgentToServerExample.capabilities)
            let answer = try await service.received(try conversation.hear(message, at: day), from: session)
            #expect(answer.dismissal != nil)
            guard
                case .refused(let problem) = try await service.admit(
                    ConnectionRequest(caller: session.request.caller, transport: .webSocket, at: day))
            else {
                Issue.record("the previous leaf was honoured for more than a day")
                return
            }
            #expect(problem.message.code == "fleet.leaf-replaced")
            await line.cut()
        }
    }
}
