extension Drill {
    /// The agent is frozen while the offer is on its way to it and the target dies: what it then finds is a closed port.
    static let targetUnreachable = Drill(
        "target-unreachable", "the target dies before the agent comes: it is back on the source, with the reason",
        showing: .returnAndArrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await regions.offerUnderWay()
        try await run.step("US loses its power") { notes in
            await us.kill()
            notes.say("SIGKILL")
        }
        try await run.step("the agent tries US, gives up and is back on EU") { notes in
            agent.thaw()
            try await regions.returned(issued, agent, to: eu, because: "tcp", notes)
        }
        try await run.step("US comes back, hears of it and withdraws its row") { notes in
            try await us.start()
            try await regions.withdrawn(issued, agent, on: us, notes)
        }
        try await run.step("EU's configuration still reaches the agent") {
            try await regions.applied(agent, on: eu, $0)
        }
        try await run.step("a new handover of the same agent succeeds") { notes in
            _ = try await regions.handOver(agent, from: eu, to: us, notes)
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
        }
    }
}
