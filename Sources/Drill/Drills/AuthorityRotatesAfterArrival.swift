import OperatorClient
import ServerAPI
import Vocabulary

extension Drill {
    /// The connection on which an agent arrived may last for months; it is a member's like any other.
    static let authorityRotatesAfterArrival = Drill(
        "authority-rotates-after-arrival",
        "US changes its CA under an agent that has arrived and stays connected: it learns of the new one",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        try await run.step("EU hands the agent to US, and it settles there") { notes in
            let issued = try await regions.handOver(agent, from: eu, to: us, notes)
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
            try await regions.phase([.settled], of: issued, on: us)
            try await regions.phase([.settled], of: issued, on: eu)
        }
        let adoptions = agent.adoptions
        let key: SigningKeySummary = try await run.step("US publishes another CA key") { notes in
            let key = try await us.api.call(OperatorRoutes.draftSigningKey())
            notes.say("draft \("\(key.fingerprint)".prefix(12))")
            return key
        }
        try await run.step("the agent, which was not restarted, adopts it") { notes in
            try await eventually("the agent adopts settings with the new CA", within: .seconds(30)) {
                agent.adoptions > adoptions
                    ? Sight.here(()) : .notYet("\(agent.adoptions) adoptions, and \(adoptions) before")
            }
            notes.say("by an offer on the connection it had arrived on")
        }
        try await run.step("US signs with it and restarts, and the agent is back") { notes in
            try await us.api.call(
                OperatorRoutes.activateSigningKey("\(key.fingerprint)"))
            try await us.stop()
            try await us.start(trusting: key.certificatePEM)
            _ = try await regions.live(agent, on: us)
            notes.say("live on US")
        }
        try await run.step("US hands the agent back to EU, with a token under the new key") { notes in
            _ = try await eu.command("peer", "refresh", us.name)
            _ = try await regions.handOver(agent, from: us, to: eu, notes)
            try await regions.movedToPeer(agent, from: us, to: eu, notes)
        }
    }
}

extension AgentProcess {
    /// How often this life of the process has made new settings its own.
    fileprivate var adoptions: Int { AgentLog(output).lines(of: ["move.adopted"]).count }
}
