import HostSystem
import ServerAPI

extension Drill {
    /// The agent's process is killed at each named point of the move, started again, and must reach exactly one server;
    /// the same for a move that leads nowhere.
    ///
    /// Each point gets an agent of its own: an agent takes part in at most three adoptions in ten minutes.
    static let killedWhileMoving = Drill(
        "killed-while-moving",
        "the agent is killed at every step of the move: it restarts and reaches exactly one server",
        showing: .returnAndArrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        for point in CrashPoints.ofAnArrival(over: run.world.transport) {
            try await run.step("killed at \(point)") { try await regions.killed(at: point, $0) }
        }
        for point in CrashPoints.ofAReturn {
            try await run.step("killed at \(point) while US is dead") {
                try await regions.killedOnTheWayBack(at: point, $0)
            }
        }
    }
}

/// `name#n`: the n-th time the process is there, counted from its start, as `OPAMP_CRASH_AT` takes it.
private enum CrashPoints {
    /// Of the n-th durable write, in its order. The first is of the start, the second saves the candidate, and the third
    /// adopts it or gives it up.
    private static func write(_ time: Int) -> [String] {
        ["before-temp", "temp-synced", "previous-kept", "renamed", "directory-synced"].map {
            "connection.\($0)#\(time)"
        }
    }

    /// Between deciding, saving and doing.
    private static func step(_ time: Int) -> [String] { ["step.decided#\(time)", "step.saved#\(time)"] }

    /// Over HTTP the messages before the move are polls, and nobody can say which is the first of the move.
    static func ofAnArrival(over transport: AgentProcess.Transport) -> [String] {
        // The first report and the handover epoch go before the move.
        let messages = transport == .ws ? (3...6).map { "directive.send#\($0)" } : []
        // The old line is left; the candidate is dialled, and spoken to.
        return write(2) + write(3) + step(2) + step(3) + ["directive.close#1", "directive.open#2"] + messages
    }

    /// The candidate is dialled twice in vain; it is given up, and the source is dialled again. What comes before is the
    /// same as on the way to an arrival.
    static let ofAReturn = ["directive.open#2", "directive.open#3"] + write(3) + step(3) + ["directive.open#4"]
}

extension TwoRegions {
    fileprivate func killed(at point: String, _ notes: StepNotes) async throws {
        let victim = try await armed(with: point, notes)
        let issued = try await issue(victim, from: eu, to: us, notes)
        try await redeem(issued, on: us, notes)
        let found = try await state(of: victim, killedAt: point, notes)

        try victim.start()
        try await arrived(issued, victim, from: eu, on: us, notes)
        try await movedToPeer(victim, from: eu, to: us, notes)
        notes.say("found \(found), then arrived on US")
        try await victim.stop()
    }

    /// US dies before the agent reads the offer, and is back when the agent has given up.
    fileprivate func killedOnTheWayBack(at point: String, _ notes: StepNotes) async throws {
        let victim = try await armed(with: point, notes)
        let issued = try await offerWaits(for: victim, notes)
        await us.kill()
        victim.thaw()
        let found = try await state(of: victim, killedAt: point, notes)

        try victim.start()
        try await returned(issued, victim, to: eu, because: "tcp", notes)
        try await us.start()
        try await withdrawn(issued, victim, on: us, notes)
        notes.say("found \(found), then back on EU")
        try await victim.stop()
    }

    /// A new agent that kills itself when it gets to the point.
    private func armed(with point: String, _ notes: StepNotes) async throws -> AgentProcess {
        let victim = run.world.addAgent("agent-\(run.world.agents.count)")
        try await enrol(victim, on: eu, notes)
        try await victim.stop()
        try victim.start(crashingAt: point)
        _ = try await live(victim, on: eu)
        return victim
    }

    /// - Returns: what the state on the host's disk says, in words.
    private func state(of victim: AgentProcess, killedAt point: String, _ notes: StepNotes) async throws -> String {
        let ending = await victim.ended(within: .seconds(45))
        try notes.expect(
            "the process is killed at \(point)", ending == .killed(signal: 9),
            seen: ending.map { "it \($0)" } ?? "it still runs: the point was not reached")
        let status = try await victim.status()
        notes.fact("active server found after the kill", status.active.endpoint)
        notes.fact("candidate found after the kill", status.candidate?.endpoint ?? "none")
        let home = status.active.endpoint.contains(":\(eu.port ?? 0)/") ? "EU" : "US"
        return "\(home) active\(status.candidate == nil ? "" : " and a candidate")"
    }
}
