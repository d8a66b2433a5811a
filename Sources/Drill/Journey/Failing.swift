import Certificates
import Glibc
import OperatorClient
import ServerAPI
import Vocabulary

/// What the failures have in common.
extension TwoRegions {
    func offerUnderWay() async throws -> IssuedHandover {
        try await run.step("EU issues a token, US redeems it, the offer is under way") {
            try await offerWaits(for: agent, $0)
        }
    }

    /// EU issues a token, US redeems it, and EU has handed the offer to the connection while the agent is frozen: from
    /// here on anything can be done to the servers before the agent reads it.
    ///
    /// A stolen token is worth the most at this moment, so a thief tries it on US.
    func offerWaits(for agent: AgentProcess, _ notes: StepNotes) async throws -> IssuedHandover {
        let issued = try await issue(agent, from: eu, to: us, notes)
        agent.freeze()
        try await redeem(issued, on: us, notes)
        // Over HTTP the offer waits for the poll of the frozen agent, and is not out before.
        try await phase([run.world.transport == .http ? .redeemed : .offered], of: issued, on: eu)
        try await phase([.awaiting], of: issued, on: us)
        let awaited = try await us.agent(with: try agent.identity().leaf.fingerprint)
        let row = try notes.expectSome("US has a row for the agent", awaited)
        run.observations.probes += await Probes.lookalikes(of: row, at: us, in: run, with: Secret(issued.token))
        try await phase([.awaiting], of: issued, on: us)
        notes.say("handover \("\(issued.handover.id)".prefix(8)): offered on EU, the agent is frozen")
        return issued
    }

    func withdrawn(_ issued: IssuedHandover, _ agent: AgentProcess, on server: ServerProcess, _ notes: StepNotes)
        async throws
    {
        let detail = try await phase([.withdrawn], of: issued, on: server)
        let row = try await server.agent(with: try agent.identity().leaf.fingerprint)
        try notes.expect(
            "\(server.label) shows no living row", row == nil || row?.presence == .withdrawn,
            seen: row?.presence.text ?? "none")
        notes.say(detail.ending ?? "withdrawn")
    }

    func neverLeft(_ agent: AgentProcess, eu: ServerProcess, us: ServerProcess, _ notes: StepNotes) async throws {
        let row = try await live(agent, on: eu)
        let elsewhere = try await us.agent(with: row.fingerprint)
        try notes.expect("US has no row", elsewhere == nil, seen: elsewhere?.presence.text ?? "")
        let status = try await agent.status()
        try notes.expect("no candidate on the agent", status.candidate == nil, seen: status.candidate?.endpoint ?? "")
        notes.say("live on EU")
    }

    func refusesPreview(_ issued: IssuedHandover, on server: ServerProcess, code: String, _ notes: StepNotes)
        async throws
    {
        let said = try await notes.expectRefusal(code, of: "the preview on \(server.label)") {
            try await server.api.call(
                OperatorRoutes.previewHandover(), sending: TokenText(token: issued.token))
        }
        notes.say(said.title)
    }

    func cancel(_ issued: IssuedHandover, on source: ServerProcess, _ notes: StepNotes) async throws {
        try await source.api.call(
            OperatorRoutes.cancelHandover("\(issued.handover.id)"),
            sending: HandoverCancellation(reason: "drill"))
        try await phase([.cancelled], of: issued, on: source)
    }

    /// The agent asks for a new leaf for its row, as it does before the old one runs out.
    func renewLeaf(of agent: AgentProcess, on server: ServerProcess, _ notes: StepNotes) async throws {
        let old = try agent.identity().leaf.fingerprint
        let row = try await row(of: agent, on: server)
        // One process at a time holds the state directory.
        try await agent.stop()
        _ = try await agent.command("enroll", "--renew")
        try agent.start()
        let new = try agent.identity().leaf.fingerprint
        try notes.expect("the agent has another leaf", new != old, seen: "still \(old)")
        try await eventually("\(server.label) knows the row by its new leaf") {
            let seen = try await server.agent(row).summary.fingerprint
            return seen == new ? Sight.here(()) : .notYet("\(seen)")
        }
        agent.acceptNewLeaf(try agent.identity())
        notes.say("\("\(old)".prefix(12)) → \("\(new)".prefix(12)), same row")
    }
}
