import OperatorClient
import ServerAPI
import Vocabulary

extension Drill {
    /// The host goes back to what it knew; EU remembers that the agent had already learned of the new CA.
    static let stateFromBeforeRotation = Drill(
        "state-from-before-rotation",
        "the agent's state is restored from before a CA rotation: it gets in, learns of the CA again, and moves",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        try await run.step("a backup of the agent's state is taken") { _ in
            try await agent.stop()
            try agent.backUpState()
            try agent.start()
            _ = try await regions.live(agent, on: eu)
        }
        try await run.step("EU signs with another CA key, and the agent learns of it") { notes in
            let before = try await eu.api.call(OperatorRoutes.serverInfo())
            _ = try await eu.command("ca", "rotate")
            // Before the restart: a connection that is refused would be the end of the offer.
            try await learned(agent, on: eu, in: regions)
            try await eu.stop()
            try await eu.start()
            let after = try await eu.api.call(OperatorRoutes.serverInfo())
            try notes.expect("EU has another CA", before.authority != after.authority, seen: "\(after.authority)")
            _ = try await regions.live(agent, on: eu)
            notes.say("\("\(before.authority)".prefix(12)) to \("\(after.authority)".prefix(12))")
        }
        try await run.step("the agent's state is restored from the backup") { notes in
            try await agent.stop()
            try agent.restoreState()
            try regions.keepsIdentity(agent, notes)
            notes.say("it knows the old CA only")
        }
        try await run.step("the agent is live on EU and learns of the new CA a second time") { notes in
            try agent.start()
            try await learned(agent, on: eu, in: regions)
        }
        try await run.step("US hears of the new CA") { _ in _ = try await us.command("peer", "refresh", eu.name) }
        let issued = try await run.step("EU hands the agent to US, with a token under the new key") { notes in
            try await regions.handOver(agent, from: eu, to: us, notes)
        }
        try await run.step("EU shows it as moved") { try await regions.movedToPeer(agent, from: eu, to: us, $0) }
        try await run.step("the audit of both sides tells one story") {
            try await regions.joined(issued, from: eu, to: us, $0)
        }
    }

    @MainActor private static func learned(
        _ agent: AgentProcess, on server: ServerProcess, in regions: TwoRegions
    ) async throws {
        _ = try await regions.live(agent, on: server)
        try await eventually("it holds other token signers and has adopted the CAs") {
            agent.output.contains("enrolment.signers-replaced") && agent.output.contains("move.adopted")
        }
    }
}
