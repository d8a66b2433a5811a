import ServerAPI

extension Drill {
    /// The agent disconnects between the redemption and its next poll: what the answer to its goodbye contains is
    /// read by nobody.
    static let politeRestartWhilePolling = Drill(
        "polite-restart-while-polling",
        "a polling agent is stopped and started before its offer is out: the handover completes",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us) = (regions.eu, regions.us)
        let poller = run.world.addAgent("poller", over: .http)
        poller.pollingSeconds = 30
        try await run.step("an agent enrols on EU that polls every 30 s") { notes in
            try await regions.enrol(poller, on: eu, notes)
        }
        let issued = try await run.step("EU issues a token, US redeems it, the offer waits for a poll") { notes in
            let issued = try await regions.issue(poller, from: eu, to: us, notes)
            try await regions.redeem(issued, on: us, notes)
            try await regions.phase([.redeemed], of: issued, on: eu)
            return issued
        }
        try await run.step("the agent is asked to end, and started again") { notes in
            try await poller.stop()
            let detail = try await eu.handover(issued.handover.id)
            notes.fact("phase on EU after the leave", detail.summary.phase.text)
            try poller.start()
            notes.say("SIGTERM, exit 0; the handover is \(detail.summary.phase)")
        }
        try await run.step("it arrives on US") { notes in
            try await regions.arrived(issued, poller, from: eu, on: us, notes)
        }
        try await run.step("EU shows it as moved") { try await regions.movedToPeer(poller, from: eu, to: us, $0) }
        // The kernel shows connections of the other agent only when the world's agents hold theirs.
        try await run.step("the other agent follows it") { notes in
            _ = try await regions.handOver(regions.agent, from: eu, to: us, notes)
        }
    }
}
