import Vocabulary

extension Drill {
    static let replayedToken = Drill(
        "replayed-token", "a token is redeemed a second time, before and after the arrival: refused both times",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await regions.offerUnderWay()
        try await run.step("the same token again, while the agent is awaited") { notes in
            let said = try await notes.expectRefusal(HandoverCode.alreadyRedeemed.code, of: "the second redemption") {
                try await regions.redeem(issued, on: us, notes)
            }
            notes.say(said.title)
        }
        try await run.step("the first redemption is not disturbed: the agent arrives") { notes in
            agent.thaw()
            try await regions.arrived(issued, agent, from: eu, on: us, notes)
        }
        try await run.step("the same token again, after the arrival") { notes in
            let said = try await notes.expectRefusal(HandoverCode.alreadyRedeemed.code, of: "the third redemption") {
                try await regions.redeem(issued, on: us, notes)
            }
            notes.say(said.title)
            try notes.expect("handovers on US", try await us.handovers().count, is: 1)
        }
    }
}
