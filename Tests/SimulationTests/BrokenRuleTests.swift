import Testing

/// A checker that never fails proves nothing: each rule is broken on purpose, and has to be seen by its own check.
@Suite struct BrokenRuleTests {
    @Test(arguments: BrokenRule.allCases)
    func `a broken rule is seen, and by its own check`(rule: BrokenRule) {
        var seen: Set<Invariant> = []
        for seed in UInt64(1)...300 {
            let schedule = Schedule(seed: seed, broken: rule)
            schedule.run()
            guard let violation = schedule.world.violation else { continue }
            seen.insert(violation.invariant)
            if rule.seenBy.contains(violation.invariant) { return }
        }
        Issue.record("\(rule) was only seen as \(seen)")
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
