import Foundation
import Testing

/// A checker that never fails proves nothing: each rule is broken on purpose, and has to be seen by its own check within
/// 10,000 schedules. `SIMULATION_BROKEN=1` looks from the first schedule on and prints how many it took.
@Suite struct BrokenRuleTests {
    private static let searches = ProcessInfo.processInfo.environment["SIMULATION_BROKEN"] != nil
    private static let mostSchedules: UInt64 = 10_000

    @Test(arguments: BrokenRule.allCases)
    func `a broken rule is seen, and by its own check`(rule: BrokenRule) {
        let first = Self.searches ? 1 : rule.firstSeen
        var others: [Invariant: UInt64] = [:]
        for seed in first..<first + Self.mostSchedules {
            let schedule = Schedule(seed: seed, broken: rule)
            schedule.run()
            guard let violation = schedule.world.violation else { continue }
            guard rule.seenBy.contains(violation.invariant) else {
                others[violation.invariant, default: seed] = min(seed, others[violation.invariant, default: seed])
                continue
            }
            if Self.searches { print("| `\(rule)` | \(seed) | \(violation) |\(others.isEmpty ? "" : " \(others)")") }
            return
        }
        Issue.record("\(rule) was only seen as \(others)")
    }

    @Test(arguments: [UInt64(7), 42, 1001])
    func `one seed means one world`(seed: UInt64) {
        let stories = (0..<2).map { _ in
            let schedule = Schedule(seed: seed, isTracing: true)
            schedule.run()
            return schedule.world.trace
        }
        #expect(stories[0] == stories[1] && !stories[0].isEmpty)
    }
}

extension BrokenRule {
    /// A schedule by which it is seen, so that the search begins where it ends; another one may do after a change.
    fileprivate var firstSeen: UInt64 { 1 }
}
