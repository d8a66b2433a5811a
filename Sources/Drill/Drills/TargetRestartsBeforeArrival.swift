import ServerAPI

extension Drill {
    static let targetRestartsBeforeArrival = Drill(
        "target-restarts-before-arrival",
        "the target dies and restarts while it waits: it still knows whom it waits for",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await regions.offerUnderWay()
        try await run.step("US loses its power and starts again") { notes in
            await us.kill()
            try await us.start()
            try await regions.phase([.awaiting], of: issued, on: us)
            notes.say("SIGKILL; still awaiting the agent")
        }
        try await run.step("the agent arrives on US") { notes in
            agent.thaw()
            try await regions.arrived(issued, agent, from: eu, on: us, notes)
        }
        try await run.step("EU shows it as moved") { try await regions.movedToPeer(agent, from: eu, to: us, $0) }
        try await run.step("the audit of both sides tells one story") {
            try await regions.joined(issued, from: eu, to: us, $0)
        }
    }
}
