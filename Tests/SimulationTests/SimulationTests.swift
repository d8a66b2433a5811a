import Foundation
import Testing

/// Both cores in one world under seeded dice. `SIMULATION_SEED=12345` replays one schedule with its whole story,
/// `SIMULATION_SCHEDULES=100000` runs so many, from `SIMULATION_FIRST` on. `SIMULATION_ROTATING=100` runs so many in which
/// operators replace CA keys all the time; with a seed it replays one of these.
@Suite struct SimulationTests {
    static let schedules = number("SIMULATION_SCHEDULES").map(Int.init) ?? usualSchedules
    /// As many as every run of the tests has time for.
    static let usualSchedules = 40
    /// In which every draw happens, and every pair that is not listed is reached.
    static let completeSchedules = 400
    static let first = number("SIMULATION_FIRST") ?? 1
    static let replayed = number("SIMULATION_SEED")
    static let rotating = number("SIMULATION_ROTATING")

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func `whatever happens, the invariants hold, and a healed world comes to rest`() async throws {
        if let seed = Self.replayed { return Self.rotating == nil ? Self.replay(seed) : () }
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
        check(results.tally.pairs)
        guard Self.schedules >= Self.completeSchedules else { return }
        for draw in Self.draws { #expect(results.tally.counts[draw, default: 0] > 0, "no schedule had: \(draw)") }
        for ending in ["settled", "returned", "expired", "cancelled"] {
            #expect(results.tally.counts["ended \(ending)", default: 0] > 0, "no schedule ended \(ending)")
        }
    }

    /// What the world draws has to happen.
    private static let draws = [
        "moves", "polls", "polite restarts", "agents restored", "agents to be enrolled again", "servers set back",
        "leaves issued", "leaves adopted", "renewals asked for", "renewal answers lost", "leaves revoked",
        "hosts copied", "hosts gone", "hosts off for days", "copies side by side", "copies detected",
        "drafts a CA key at a server", "activates its CA key at a server", "moves while keys are replaced",
        "polite restarts of polling agents",
    ]

    /// Every pair is reached, or listed with a reason; what is listed as never reached is not.
    private func check(_ pairs: [Pair: Int]) {
        let never = Set(UnreachedPairs.never.flatMap(\.pairs))
        let seldom = Set(UnreachedPairs.seldom.flatMap(\.pairs))
        let reached = Pair.all.count { pairs[$0] != nil }
        print(
            "\(reached) of \(Pair.all.count) pairs reached, \(seldom.count { pairs[$0] != nil }) of \(seldom.count) "
                + "seldom ones, \(never.count) never reached")
        for pair in never where pairs[pair] != nil { Issue.record("\(pair) is listed as never reached, and was") }
        guard Self.schedules >= Self.completeSchedules else { return }
        for pair in Pair.all where pairs[pair] == nil && !never.contains(pair) && !seldom.contains(pair) {
            Issue.record("\(pair) was not reached, and is not listed")
        }
    }

    @Test func `agents come and go while their servers replace CA keys`() async {
        if let seed = Self.replayed { return Self.rotating == nil ? () : Self.replay(seed, isRotating: true) }
        let isWhole = Self.schedules >= Self.completeSchedules
        // A schedule with months in it takes as long as sixty others.
        let count = Self.rotating ?? (isWhole ? 15 : 3)
        let first = Self.rotating == nil ? 1 : Self.first
        let results = await Campaign(seeds: first...(first + count - 1), isRotating: true).run()
        for failure in results.failed { Issue.record("rotating seed \(failure.seed): \(failure.violation)") }
        guard isWhole || count >= 15 else { return }
        for draw in ["retires a CA key at a server", "months", "moves while keys are replaced"] {
            #expect(results.tally.counts[draw, default: 0] > 0, "no schedule had: \(draw)")
        }
    }

    @Test func `every listed pair exists, and is listed once`() {
        let listed = (UnreachedPairs.never + UnreachedPairs.seldom).flatMap(\.pairs)
        #expect(Set(listed).count == listed.count && Set(listed).isSubset(of: Pair.all))
    }

    private static func replay(_ seed: UInt64, isRotating: Bool = false) {
        let schedule = Schedule(seed: seed, isRotating: isRotating, isTracing: true)
        schedule.run()
        print(schedule.world.trace.joined(separator: "\n"))
        if let violation = schedule.world.violation { Issue.record("seed \(seed): \(violation)") }
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
    var isRotating = false

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
        let schedule = Schedule(seed: seed, isRotating: isRotating)
        schedule.run()
        results.schedules += 1
        results.tally.add(schedule.world.tally)
        if let violation = schedule.world.violation { results.failed.append((seed, violation)) }
    }
}
