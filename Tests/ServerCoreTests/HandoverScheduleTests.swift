import Testing

@testable import ServerCore

@Suite struct HandoverScheduleTests {
    @Test(arguments: 0..<40)
    func `after they have heard from each other one server has the agent`(block: Int) throws {
        for seed in UInt64(block * 25)..<UInt64(block * 25 + 25) {
            var schedule = try HandoverSchedule(seed: seed)
            for _ in 0..<120 { schedule.step(calm: false) }
            #expect(schedule.redemptions.count <= 1, "seed \(seed)")
            for _ in 0..<300 { schedule.step(calm: true) }
            let story = "seed \(seed): \(schedule.trace)"
            #expect(schedule.sourceOutbox.isEmpty && schedule.targetOutbox.isEmpty, "\(story)")
            #expect(!(schedule.sourceAccepts && schedule.targetIsLive), "both live; \(story)")
            #expect(schedule.sourceAccepts || schedule.targetIsLive, "nobody has it; \(story)")
            switch schedule.home {
            case .atSource: #expect(schedule.sourceAccepts, "\(story)")
            case .atTarget: #expect(schedule.targetIsLive, "\(story)")
            case .between: Issue.record("an agent always has a home")
            }
        }
    }

    @Test func `the schedules reach every phase that a handover can end in`() throws {
        var sources: Set<SourceHandover.Phase> = []
        var targets: Set<TargetHandover.Phase> = []
        for seed in UInt64(0)..<100 {
            var schedule = try HandoverSchedule(seed: seed)
            for _ in 0..<120 { schedule.step(calm: false) }
            for _ in 0..<300 { schedule.step(calm: true) }
            sources.insert(schedule.source.phase)
            targets.insert(schedule.target.phase)
        }
        #expect(sources.isSuperset(of: [.settled, .expired, .cancelled, .returned]))
        #expect(targets.isSuperset(of: [.settled, .withdrawn]))
    }
}
