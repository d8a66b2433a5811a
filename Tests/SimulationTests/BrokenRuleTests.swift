import Testing

/// A checker that never fails proves nothing: each rule is broken on purpose, and has to be seen by its own check.
@Suite struct BrokenRuleTests {
    @Test(arguments: BrokenRule.allCases)
    func `a broken rule is seen`(rule: BrokenRule) async {
        let results = await Campaign(seeds: 1...60, broken: rule).run()
        #expect(!results.failed.isEmpty, "\(rule) went unseen in \(results.schedules) schedules")
        #expect(!results.invariants.isDisjoint(with: rule.seenBy), "\(rule) was only seen as \(results.invariants)")
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
