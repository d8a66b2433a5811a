import TestValues
import Testing
import Vocabulary

@testable import ServerCore

@Suite struct OutboxScheduleTests {
    private func item(
        _ handover: UInt8, _ sequence: Int = 1, peer: UInt8 = 1, waits: Bool = false
    ) -> OutboxSchedule.Item {
        OutboxSchedule.Item(
            handover: .init(repeating: handover), role: .source, peer: .init(repeating: peer),
            sequence: sequence, waitsForNext: waits)
    }

    @Test func `a peer that hangs delays only what is meant for it`() {
        var schedule = OutboxSchedule()
        let hung = (1...20).map { item($0, peer: 1) }
        #expect(schedule.due(hung, at: .zero).count == OutboxSchedule.mostAtOnce)
        let other = item(30, peer: 2)
        #expect(schedule.due(hung + [other], at: .zero) == [[other]])
        schedule.ended([other], .done, at: .seconds(1))
        #expect(schedule.due(hung + [item(31, peer: 2)], at: .seconds(1)) == [[item(31, peer: 2)]])
    }

    @Test func `a notice is not sent again while it is under way, and the next of its handover waits`() {
        var schedule = OutboxSchedule()
        #expect(schedule.due([item(1)], at: .zero) == [[item(1)]])
        #expect(schedule.due([item(1), item(1, 2)], at: .seconds(9)).isEmpty)
        schedule.ended([item(1)], .done, at: .seconds(9))
        #expect(schedule.due([item(1, 2)], at: .seconds(9)) == [[item(1, 2)]])
    }

    @Test func `the notices of one handover travel together, in order`() {
        var schedule = OutboxSchedule()
        let items = [item(1, 1), item(2, 1), item(1, 2), item(1, 3)]
        #expect(schedule.due(items, at: .zero) == [[item(1, 1), item(1, 2), item(1, 3)], [item(2, 1)]])
        let many = (1...OutboxSchedule.mostInOneCall + 1).map { item(3, $0) }
        #expect(schedule.due(many, at: .zero).map(\.count) == [OutboxSchedule.mostInOneCall])
    }

    @Test func `a notice that says little by itself waits half a second for the next one, and no longer`() {
        var schedule = OutboxSchedule()
        let (first, next) = (item(1, 1, waits: true), item(1, 2))
        #expect(schedule.due([first], at: .seconds(1)).isEmpty)
        #expect(schedule.nextLook(after: .seconds(1)) == .seconds(1) + OutboxSchedule.companyWait)
        #expect(schedule.due([first, next], at: .seconds(1) + .milliseconds(1)) == [[first, next]])
        schedule.ended([first, next], .done, at: .seconds(2))
        #expect(schedule.nextLook(after: .seconds(2)) == nil)

        let alone = item(2, 1, waits: true)
        #expect(schedule.due([alone], at: .seconds(3)).isEmpty)
        #expect(schedule.due([alone], at: .seconds(3) + .milliseconds(499)).isEmpty)
        #expect(schedule.due([alone], at: .seconds(3) + .milliseconds(500)) == [[alone]])
    }

    @Test func `a silent peer is asked with one call until it answers, ever less often`() {
        var schedule = OutboxSchedule()
        let items = (1...3).map { item($0) }
        for call in schedule.due(items, at: .zero) { schedule.ended(call, .silent, at: .zero) }
        var now = Duration.zero
        var waits: [Duration] = []
        for _ in 0..<9 {
            guard let next = schedule.nextLook(after: now) else { break }
            waits.append(next - now)
            #expect(schedule.due(items, at: next - .milliseconds(1)).isEmpty)
            now = next
            #expect(schedule.due(items, at: now) == [[items[0]]])
            schedule.ended([items[0]], .silent, at: now)
        }
        #expect(waits == [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].map { .milliseconds($0) })
        now = schedule.nextLook(after: now) ?? now
        _ = schedule.due(items, at: now)
        schedule.ended([items[0]], .done, at: now)
        #expect(schedule.due(Array(items.dropFirst()), at: now) == items.dropFirst().map { [$0] })
        #expect(schedule.nextLook(after: now) == nil)
    }

    @Test func `a handover that the peer does not take yet waits alone`() {
        var schedule = OutboxSchedule()
        let items = [item(1), item(2)]
        #expect(schedule.due(items, at: .zero) == items.map { [$0] })
        schedule.ended([items[0]], .later, at: .zero)
        schedule.ended([items[1]], .done, at: .zero)
        #expect(schedule.due([items[0], item(3)], at: .zero) == [[item(3)]])
        #expect(schedule.due([items[0]], at: OutboxSchedule.firstPause) == [[items[0]]])
    }

    @Test func `what an answer has told is sent when the peer has been silent for a minute`() {
        var schedule = OutboxSchedule()
        let (silent, heard) = (item(1).party, item(2).party)
        schedule.answered(silent, at: .seconds(1))
        schedule.answered(heard, at: .seconds(1))
        schedule.heard(heard)
        #expect(schedule.nextLook(after: .seconds(1)) == .seconds(61))
        #expect(schedule.overdue(at: .seconds(60)).isEmpty)
        #expect(schedule.overdue(at: .seconds(61)) == [silent])
        #expect(schedule.overdue(at: .seconds(62)).isEmpty)
        #expect(schedule.nextLook(after: .seconds(61)) == nil)
    }

    @Test func `only a notice that the next one makes needless waits for it`() {
        #expect(NoticeType.allCases.filter(\.waitsForNext) == [.connected, .offered])
    }
}
