import Foundation
import Testing

/// Both cores in one world under seeded dice. `SIMULATION_SEED=12345` replays one schedule with its whole story,
/// `SIMULATION_SCHEDULES=100000` runs so many, from `SIMULATION_FIRST` on.
@Suite struct SimulationTests {
    static let schedules = number("SIMULATION_SCHEDULES").map(Int.init) ?? 2000
    static let first = number("SIMULATION_FIRST") ?? 1
    static let replayed = number("SIMULATION_SEED")

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func `whatever happens, the invariants hold, and a healed world comes to rest`() async throws {
        if let seed = Self.replayed {
            let schedule = Schedule(seed: seed, isTracing: true)
            schedule.run()
            print(schedule.world.trace.joined(separator: "\n"))
            if let violation = schedule.world.violation { Issue.record("seed \(seed): \(violation)") }
            return
        }
        let began = ContinuousClock.now
        let results = await Campaign(seeds: Self.first...(Self.first + UInt64(Self.schedules) - 1)).run()
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        print(results.summary(seconds: seconds))
        if ProcessInfo.processInfo.environment["SIMULATION_PAIRS"] != nil {
            for pair in Pair.all { print("pair \(pair): \(results.tally.pairs[pair, default: 0])") }
        }
        for failure in results.failed { print("seed \(failure.seed): \(failure.violation)") }
        for failure in results.failed.prefix(3) { Issue.record("\(Comment(rawValue: Self.story(of: failure.seed)))") }
        #expect(results.failed.isEmpty, "\(results.failed.count) schedules")
        for ending in ["settled", "returned", "expired", "cancelled"] {
            #expect(results.tally.counts["ended \(ending)", default: 0] > 0, "no schedule ended \(ending)")
        }
    }

    /// What a person needs to go after a failure.
    private static func story(of seed: UInt64) -> String {
        let schedule = Schedule(seed: seed, isTracing: true)
        schedule.run()
        let violation = schedule.world.violation.map(\.description) ?? "the replay did not fail"
        return """
            seed \(seed): \(violation)
            \(schedule.world.trace.suffix(60).joined(separator: "\n"))
            replay: SIMULATION_SEED=\(seed) swift test --filter SimulationTests
            """
    }
}

/// Many schedules, on all cores.
struct Campaign: Sendable {
    var seeds: ClosedRange<UInt64>

    struct Results: Sendable {
        var failed: [(seed: UInt64, violation: Violation)] = []
        var tally = Tally()
        var schedules = 0

        func summary(seconds: Double) -> String {
            let counts = tally.counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            return "\(schedules) schedules, \(tally.events) events in \(Int(seconds)) s "
                + "(\(Int(Double(schedules) / max(seconds, 0.001)))/s)\n" + counts.joined(separator: ", ")
        }
    }

    func run() async -> Results {
        let workers = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
        var results = await withTaskGroup(of: Results.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    var own = Results()
                    for seed in seeds where seed % workers == worker { take(seed, into: &own) }
                    return own
                }
            }
            return await group.reduce(into: Results()) { all, own in
                all.failed += own.failed
                all.tally.add(own.tally)
                all.schedules += own.schedules
            }
        }
        results.failed.sort { $0.seed < $1.seed }
        return results
    }

    private func take(_ seed: UInt64, into results: inout Results) {
        let schedule = Schedule(seed: seed)
        schedule.run()
        results.schedules += 1
        results.tally.add(schedule.world.tally)
        if let violation = schedule.world.violation { results.failed.append((seed, violation)) }
    }
}
