import Testing
import Vocabulary

@testable import ServerCore

@Suite struct OutboxScheduleTests {
    private func item(_ number: Int64, peer: UInt8 = 1, handover: UInt8? = nil) -> OutboxSchedule.Item {
        OutboxSchedule.Item(
            number: number, handover: PeerWorld.identity(handover ?? UInt8(number)), role: .source,
            peer: PeerWorld.identity(peer))
    }

    @Test func `a peer that hangs delays only what is meant for it`() {
        var schedule = OutboxSchedule()
        let hung = (1...20).map { item($0, peer: 1) }
        #expect(schedule.due(hung, at: .zero).count == OutboxSchedule.mostAtOnce)
        let other = item(30, peer: 2)
        #expect(schedule.due(hung + [other], at: .zero) == [other])
        schedule.ended(other, .done, at: .seconds(1))
        #expect(schedule.due(hung + [item(31, peer: 2)], at: .seconds(1)) == [item(31, peer: 2)])
    }

    @Test func `a notice is not sent again while it is under way`() {
        var schedule = OutboxSchedule()
        #expect(schedule.due([item(1)], at: .zero) == [item(1)])
        #expect(schedule.due([item(1)], at: .seconds(9)).isEmpty)
        schedule.ended(item(1), .done, at: .seconds(9))
        #expect(schedule.due([item(2, handover: 1)], at: .seconds(9)) == [item(2, handover: 1)])
    }

    @Test func `a silent peer is asked with one notice until it answers, ever less often`() {
        var schedule = OutboxSchedule()
        let items = (1...3).map { item($0) }
        for item in schedule.due(items, at: .zero) { schedule.ended(item, .silent, at: .zero) }
        var now = Duration.zero
        var waits: [Duration] = []
        for _ in 0..<9 {
            guard let next = schedule.nextLook(after: now) else { break }
            waits.append(next - now)
            #expect(schedule.due(items, at: next - .milliseconds(1)).isEmpty)
            now = next
            #expect(schedule.due(items, at: now) == [items[0]])
            schedule.ended(items[0], .silent, at: now)
        }
        #expect(waits == [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].map { .milliseconds($0) })
        now = schedule.nextLook(after: now) ?? now
        _ = schedule.due(items, at: now)
        schedule.ended(items[0], .done, at: now)
        #expect(schedule.due(Array(items.dropFirst()), at: now) == Array(items.dropFirst()))
        #expect(schedule.nextLook(after: now) == nil)
    }

    @Test func `a handover that the peer does not take yet waits alone`() {
        var schedule = OutboxSchedule()
        let items = [item(1), item(2)]
        #expect(schedule.due(items, at: .zero) == items)
        schedule.ended(items[0], .later, at: .zero)
        schedule.ended(items[1], .done, at: .zero)
        #expect(schedule.due([items[0], item(3)], at: .zero) == [item(3)])
        #expect(schedule.due([items[0]], at: OutboxSchedule.firstPause) == [items[0]])
    }
}
