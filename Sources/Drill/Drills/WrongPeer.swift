import Vocabulary

extension Drill {
    /// A token for US is pasted at three servers that are not US.
    static let wrongPeer = Drill(
        "wrong-peer", "a token is pasted at the wrong server: refused at a stranger, at another peer, at its source",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let ap = run.world.addServer("AP")
        try await run.step("a third server starts, AP, which knows nobody") { try await regions.start(ap, $0) }
        let issued = try await run.step("EU issues a token for US") {
            try await regions.issue(agent, from: eu, to: us, $0)
        }
        try await run.step("AP is handed the token") { notes in
            try await regions.refusesPreview(issued, on: ap, code: HandoverCode.unknownIssuer.code, notes)
        }
        try await run.step("AP federates with EU, and is handed the token again") { notes in
            try await regions.federate(eu, ap, notes)
            try await regions.ping(from: eu, to: us, notes)
            try await regions.refusesPreview(issued, on: ap, code: HandoverCode.wrongAudience.code, notes)
            try await notes.expectRefusal(HandoverCode.wrongAudience.code, of: "the redemption") {
                try await regions.redeem(issued, on: ap, notes)
            }
        }
        try await run.step("EU itself is handed the token") { notes in
            try await regions.refusesPreview(issued, on: eu, code: HandoverCode.wrongAudience.code, notes)
        }
        try await run.step("nothing has changed, and US can still redeem it") { notes in
            try notes.expect("handovers on AP", try await ap.handovers().count, is: 0)
            try await regions.redeem(issued, on: us, notes)
            try await regions.arrived(issued, agent, from: eu, on: us, notes)
        }
    }
}
