import ServerCore
import Testing
import Vocabulary

@testable import MiniServer

struct HandoverTimersTests {
    private func id(_ byte: UInt8) throws -> HandoverID {
        try #require(HandoverID(bytes: [UInt8](repeating: byte, count: 16)))
    }

    @Test func `an timer that is set anew while another rings has its new time`() async throws {
        let timers = HandoverTimers()
        let (two, last) = ([try id(1), try id(2)], try id(3))
        for id in two { await timers.set(.source, id, at: .now) }
        let rung = Noted<HandoverID>()
        let (done, end) = AsyncStream<Void>.makeStream()
        await withTaskGroup { group in
            group.addTask {
                await timers.run(now: { .now + .seconds(1) }) { _, id in
                    rung.note(id)
                    if id == last { return end.finish() }
                    for other in two where other != id { await timers.set(.source, other, at: .now + .seconds(3600)) }
                    await timers.set(.source, last, at: .now)
                }
            }
            for await _ in done {}
            group.cancelAll()
        }
        #expect(rung.all.count == 2)
    }

    @Test func `an timer set while nothing else is due rings`() async throws {
        let timers = HandoverTimers()
        let only = try id(1)
        let (rung, ring) = AsyncStream<HandoverID>.makeStream()
        await withTaskGroup { group in
            group.addTask { await timers.run(now: { .now }) { _, id in ring.yield(id) } }
            await timers.set(.target, only, at: .now)
            var first = rung.makeAsyncIterator()
            #expect(await first.next() == only)
            group.cancelAll()
        }
    }
}
