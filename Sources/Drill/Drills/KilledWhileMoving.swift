import PeerAPI

extension Drill {
    /// The agent's process is killed at each named point of the move, started again, and must reach exactly one server.
    ///
    /// Each point gets an agent of its own: an agent takes part in at most three adoptions in ten minutes.
    static let killedWhileMoving = Drill(
        "killed-while-moving", "the agent is killed at every step of the move: it restarts and reaches exactly one server"
    ) { run in
        let regions = try await TwoRegions.ready(run)
        for point in crashPoints {
            try await run.step("killed at \(point)") { notes in
                try await regions.killed(at: point, notes)
            }
        }
    }

    /// The names that `opamp-agent` gives to the instants around each durable step of a move.
    private static let crashPoints: [String] = []
}

extension TwoRegions {
    fileprivate func killed(at point: String, _ notes: StepNotes) async throws {
        let victim = run.world.addAgent("agent-\(run.world.agents.count + 1)")
        try await enrol(victim, on: eu, notes)
        try await victim.stop()
        try victim.start(crashingAt: point)
        _ = try await live(victim, on: eu)

        let issued = try await issue(victim, from: eu, to: us, notes)
        try await redeem(issued, on: us, notes)
        let ending = await victim.ended(within: .seconds(20))
        try notes.expect(
            "the process is killed at \(point)", ending == .killed(signal: 9),
            seen: ending.map { "it \($0)" } ?? "it still runs: the point was not reached")
        let found = try await victim.status()
        notes.fact("state found after the kill", "active \(found.active.endpoint), candidate \(found.candidate?.endpoint ?? "none")")

        try victim.start()
        try await arrived(issued, victim, from: eu, on: us, notes)
        try await movedToPeer(victim, from: eu, to: us, notes)
        let home = found.active.endpoint.contains(":\(eu.port ?? 0)/") ? "EU" : "US"
        notes.say("state named \(home)\(found.candidate == nil ? "" : " and a candidate"); it arrived on US, same identity")
        try await victim.stop()
    }
}
