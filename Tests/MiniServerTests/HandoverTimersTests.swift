import ServerCore
import TestValues
import Testing
import Vocabulary

@testable import MiniServer

struct HandoverTimersTests {
    @Test func `a handover that hangs when it wakes holds up no other`() async throws {
        let timers = HandoverTimers()
        let (hanging, other) = (HandoverID(repeating: 1), HandoverID(repeating: 2))
        await timers.set(.target, hanging, at: .now)
        let (woken, wake) = AsyncStream<HandoverID>.makeStream()
        await withTaskGroup { group in
            group.addTask {
                await timers.run(now: { .now }) { _, id in
                    wake.yield(id)
                    // Until the run is cancelled.
                    if id == hanging { while (try? await Task.sleep(for: .seconds(3600))) != nil {} }
                }
            }
            var order = woken.makeAsyncIterator()
            #expect(await order.next() == hanging)
            await timers.set(.source, other, at: .now)
            #expect(await order.next() == other)
            group.cancelAll()
        }
    }

    @Test func `a timer that is rescheduled keeps the new time`() async throws {
        let timers = HandoverTimers()
        let (moved, last) = (HandoverID(repeating: 1), HandoverID(repeating: 2))
        await timers.set(.source, moved, at: .now + .seconds(1))
        await timers.set(.source, moved, at: .now + .seconds(3600))
        await timers.set(.source, last, at: .now)
        let woken = Noted<HandoverID>()
        let (done, end) = AsyncStream<Void>.makeStream()
        await withTaskGroup { group in
            group.addTask {
                await timers.run(now: { .now + .seconds(2) }) { _, id in
                    woken.note(id)
                    if id == last { end.finish() }
                }
            }
            for await _ in done {}
            group.cancelAll()
        }
        #expect(woken.all == [last])
    }

    @Test func `a timer set while nothing else is due wakes its handover`() async throws {
        let timers = HandoverTimers()
        let only = HandoverID(repeating: 1)
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
