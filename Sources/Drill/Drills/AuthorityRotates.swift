import OperatorClient
import ServerAPI
import Vocabulary

extension Drill {
    static let authorityRotates = Drill(
        "authority-rotates", "EU changes its CA while the agent is away: it still gets in, and can be handed over",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        try await run.step("the agent stops") { _ in try await agent.stop() }
        try await run.step("EU signs with another CA key, and restarts") { notes in
            let before = try await eu.api.call(OperatorRoutes.serverInfo())
            _ = try await eu.command("ca", "rotate")
            try await eu.stop()
            try await eu.start()
            let after = try await eu.api.call(OperatorRoutes.serverInfo())
            try notes.expect(
                "EU has another CA", before.authority != after.authority, seen: "\(after.authority)")
            notes.say("\("\(before.authority)".prefix(12)) to \("\(after.authority)".prefix(12))")
        }
        try await run.step("the agent, which knows the old CA only, is live on EU and learns of the new one") { notes in
            try agent.start()
            _ = try await regions.live(agent, on: eu)
            try await eventually("it holds other token signers and has adopted the CAs") {
                agent.output.contains("enrolment.signers-replaced") && agent.output.contains("move.adopted")
            }
            notes.say("by a statement under the old key, and by an offer")
        }
        try await run.step("US hears of the new CA") { notes in
            _ = try await us.command("peer", "refresh", eu.name)
            notes.say("by a statement under the old key")
        }
        let issued = try await run.step("EU hands the agent to US, with a token under the new key") { notes in
            try await regions.handOver(agent, from: eu, to: us, notes)
        }
        try await run.step("EU shows it as moved") { try await regions.movedToPeer(agent, from: eu, to: us, $0) }
        try await run.step("the audit of both sides tells one story") {
            try await regions.joined(issued, from: eu, to: us, $0)
        }
    }
}
