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

    /// `name#n`: the n-th time the process is there, counted from its start, as `OPAMP_CRASH_AT` takes it.
    private static let crashPoints: [String] =
        // Of one durable write, in its order. The first is of the start; the second saves the candidate, the third
        // adopts it.
        [2, 3].flatMap { time in
            ["before-temp", "temp-synced", "previous-kept", "renamed", "directory-synced"].map {
                "connection.\($0)#\(time)"
            }
        }
        // Between deciding, saving and doing.
        + [2, 3].flatMap { ["step.decided#\($0)", "step.saved#\($0)"] }
        // The old line is left; the candidate is dialled, and spoken to.
        + ["directive.close#1", "directive.open#2", "directive.send#2", "directive.send#3", "directive.send#4", "directive.send#5"]
}

extension TwoRegions {
    fileprivate func killed(at point: String, _ notes: StepNotes) async throws {
        let victim = run.world.addAgent("agent-\(run.world.agents.count)")
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
        notes.fact("active server found after the kill", found.active.endpoint)
        notes.fact("candidate found after the kill", found.candidate?.endpoint ?? "none")

        try victim.start()
        try await arrived(issued, victim, from: eu, on: us, notes)
        try await movedToPeer(victim, from: eu, to: us, notes)
        let home = found.active.endpoint.contains(":\(eu.port ?? 0)/") ? "EU" : "US"
        notes.say("found \(home) active\(found.candidate == nil ? "" : " and a candidate"), then arrived on US")
        try await victim.stop()
    }
}
