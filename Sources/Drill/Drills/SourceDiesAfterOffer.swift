import PeerAPI

extension Drill {
    static let sourceDiesAfterOffer = Drill(
        "source-dies-after-offer", "the source dies once the offer is out: the agent arrives, the source learns of it later",
        needsOpenLine: true
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await run.step("EU issues a token, US redeems it, the offer is under way") { notes in
            let issued = try await regions.issue(agent, from: eu, to: us, notes)
            try await regions.offerWaits(issued, for: agent, from: eu, to: us, notes)
            return issued
        }
        try await run.step("EU loses its power") { notes in
            await eu.kill()
            notes.say("SIGKILL")
        }
        try await run.step("the agent arrives on US without EU") { notes in
            agent.thaw()
            let row = try await regions.live(agent, on: us)
            try await regions.phase(["arrived", "settled"], of: issued, on: us)
            try regions.keepsIdentity(agent, notes)
            notes.say("row \(row.id.prefix(8)) on US")
        }
        try await run.step("EU comes back, and is told") { notes in
            try await eu.start()
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
            try await regions.phase(["moved", "settled"], of: issued, on: eu)
        }
        try await run.step("the audit of both sides tells one story") {
            try await regions.joined(issued, from: eu, to: us, $0)
        }
    }
}
