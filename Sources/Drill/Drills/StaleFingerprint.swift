import Vocabulary

extension Drill {
    /// The agent's leaf is replaced between issue and redemption; the seed's first failure mode.
    static let staleFingerprint = Drill(
        "stale-fingerprint", "the leaf changed between issue and redemption: refused as fingerprint mismatch",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await run.step("EU issues a token bound to the agent's leaf") {
            try await regions.issue(agent, from: eu, to: us, $0)
        }
        try await run.step("the agent renews its leaf with EU") { try await regions.renewLeaf(of: agent, on: eu, $0) }
        try await run.step("US tries to redeem the token") { notes in
            let said = try await notes.expectRefusal(HandoverCode.fingerprintMismatch.code, of: "the redemption") {
                try await regions.redeem(issued, on: us, notes)
            }
            notes.say(said.title)
        }
        try await run.step("nothing has changed: the agent is live on EU, US has no row") { notes in
            try await regions.neverLeft(agent, eu: eu, us: us, notes)
        }
        try await run.step("a new token, issued after the renewal, works") { notes in
            try await regions.cancel(issued, on: eu, notes)
            _ = try await regions.handOver(agent, from: eu, to: us, notes)
        }
    }
}
