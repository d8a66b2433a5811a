import ServerAPI
import Vocabulary

extension Drill {
    /// The shortest life a token can have is a minute, and no clock is turned here: this drill waits it out.
    static let expiredToken = Drill(
        "expired-token", "a token is redeemed too late: refused as expired (waits a minute)",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await run.step("EU issues a token for one minute") {
            try await regions.issue(agent, from: eu, to: us, ttlSeconds: 60, $0)
        }
        try await run.step("the minute passes, and EU closes the handover") { notes in
            let detail = try await regions.phase([.expired], of: issued, on: eu, within: .seconds(75))
            notes.say(detail.ending ?? "")
        }
        try await run.step("US tries to redeem the token") { notes in
            let said = try await notes.expectRefusal("handover.expired", of: "the redemption") {
                try await regions.redeem(issued, on: us, notes)
            }
            notes.say(said.cause)
        }
        try await run.step("nothing has changed: the agent is live on EU, US has no row") { notes in
            try await regions.neverLeft(agent, eu: eu, us: us, notes)
        }
        try await run.step("a new token works") { notes in
            _ = try await regions.handOver(agent, from: eu, to: us, notes)
        }
    }
}
