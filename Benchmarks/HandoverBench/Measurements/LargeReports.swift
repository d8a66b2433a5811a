extension Bench {
    /// The wait of agents whose every report is news and has to be saved, alone and beside one whose every report is as
    /// large as it may be; in turn, the difference at p99.
    func measureLargeReports() async throws {
        let (loadTarget, agents) = try await fleet(9)
        let count = some(400)
        for _ in 0..<(isQuick ? 1 : 5) {
            let alone = try await writers(agents, loadTarget, count)
            let noise = NoisyAgent()
            async let noisy: Void = onThread { try noise.report(as: agents[8], to: loadTarget) }
            do {
                let beside = try await writers(agents, loadTarget, count)
                noise.stop()
                try await noisy
                report.add(.largeReports, [Statistics(beside).p99 - Statistics(alone).p99])
            } catch {
                noise.stop()
                throw error
            }
        }
    }

    private func writers(_ agents: [BenchAgent], _ loadTarget: LoadTarget, _ count: Int) async throws -> [Double] {
        try await onThread {
            let load = try Load(loadTarget)
            let lines = try load.join(Array(agents.prefix(8))).lines
            let took = try (0..<count).map { index in
                let line = lines[index % lines.count]
                return try load.ask(line, try line.voice.newDescription())
            }
            load.close(lines)
            return took
        }
    }
}

/// Reports as much as it may, again and again, until it is told to stop.
private final class NoisyAgent: Sendable {
    private let isOver = StopSign()

    func stop() { isOver.raise() }

    func report(as agent: BenchAgent, to loadTarget: LoadTarget) throws {
        let load = try Load(loadTarget)
        let line = try load.join([agent]).lines[0]
        while !isOver.isRaised { _ = try load.ask(line, try line.voice.largestReport()) }
        load.close([line])
    }
}
