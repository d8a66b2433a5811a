import BareClient

extension Bench {
    /// What connected agents cost in memory, and what is left when they are gone.
    func measureMemory() async throws {
        let many = some(2000)
        let (door, agents) = try await fleet(many)
        // Whatever a server allocates once is there before anything counts.
        _ = try await memory(of: Array(agents.prefix(some(200))), over: .webSocket, at: door)
        for _ in 0..<(isQuick ? 1 : 3) {
            let few = Array(agents.prefix(some(200)))
            report.add(.memory200, [try await memory(of: few, over: .webSocket, at: door)])
            report.add(.pollMemory200, [try await memory(of: few, over: .poll, at: door)])
        }
        let before = try door.memory()
        report.add(.memory2000, [try await memory(of: agents, over: .webSocket, at: door)])
        report.add(.memoryKept, [(try door.memory() - before) / 1e6])
        report.add(.pollMemory2000, [try await memory(of: agents, over: .poll, at: door)])
    }

    /// KiB for each after a first report and three heartbeats; returns when they have gone and the server has seen it.
    private func memory(
        of agents: [BenchAgent], over transport: BareConnection.Transport, at door: Door
    ) async throws -> Double {
        let before = try door.memory()
        return try await onThread {
            let load = try Load(door)
            let lines = try load.join(agents, over: transport, atOnce: 100)
            _ = try load.exchange(3, on: lines)
            let each = (try door.memory() - before) / 1024 / Double(agents.count)
            load.close(lines)
            try door.waitUntilQuiet()
            return each
        }
    }
}
