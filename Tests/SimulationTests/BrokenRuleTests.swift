import Foundation
import Testing

/// A checker that never fails proves nothing: each rule is broken on purpose, and has to be seen by its own check within
/// 10,000 schedules. `SIMULATION_BROKEN=all` looks for the slow ones, too, and prints how many schedules each took; with the
/// name of a rule it looks for that one.
@Suite struct BrokenRuleTests {
    private static let sought = ProcessInfo.processInfo.environment["SIMULATION_BROKEN"]
    private static let mostSchedules: UInt64 = 10_000

    /// These take hundreds of schedules, more than every run of the tests has time for.
    private static let slow: Set<BrokenRule> = [
        .forgottenVerdicts, .leafCountsWhenIssued, .epochUnheard, .settledLetGo, .answersAnybody, .lateArrivalRefused,
        .returnUnheard,
    ]

    private static func isTried(_ rule: BrokenRule) -> Bool {
        guard let sought else { return !slow.contains(rule) }
        return sought == "all" || sought == rule.rawValue
    }

    @Test(arguments: BrokenRule.allCases.filter(isTried))
    func `a broken rule is seen, and by its own check`(rule: BrokenRule) {
        var others: [Invariant: UInt64] = [:]
        for seed in 1...Self.mostSchedules {
            let schedule = Schedule(seed: seed, broken: rule)
            schedule.run()
            guard let violation = schedule.world.violation, Self.isSound(seed) else { continue }
            guard rule.seenBy.contains(violation.invariant) else {
                others[violation.invariant, default: seed] = min(seed, others[violation.invariant, default: seed])
                continue
            }
            if Self.sought != nil {
                print("| `\(rule)` | \(seed) | \(violation) |\(others.isEmpty ? "" : " \(others)")")
            }
            return
        }
        Issue.record("\(rule) was only seen as \(others)")
    }

    /// Whether the rule is to blame.
    private static func isSound(_ seed: UInt64) -> Bool {
        let schedule = Schedule(seed: seed)
        schedule.run()
        return schedule.world.violation == nil
    }

    @Test(arguments: [UInt64(7), 42, 1001])
    func `one seed means one world`(seed: UInt64) {
        let stories = (0..<2).map { _ in
            let schedule = Schedule(seed: seed, isTracing: true)
            schedule.run()
            return schedule.world.trace
        }
        let difference = zip(stories[0], stories[1]).first { $0 != $1 }
        #expect(stories[0] == stories[1] && !stories[0].isEmpty, "\(difference.map { "\($0)" } ?? "one is longer")")
    }
}
