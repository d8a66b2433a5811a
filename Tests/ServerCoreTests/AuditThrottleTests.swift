import ServerCore
import TestValues
import Testing
import Vocabulary

struct AuditThrottleTests {
    let start = TestClock.start

    /// The indexes of those that are written down.
    private func admitted(_ subjects: [(String, after: Duration)]) -> [Int] {
        var throttle = AuditThrottle()
        return subjects.indices.filter { throttle.admits(subjects[$0].0, at: start + subjects[$0].after) }
    }

    @Test func `a caller who never pauses is written down once a second, not once for ever`() {
        let tries = (0..<100).map { ("wrong secret", after: Duration.milliseconds($0 * 100)) }
        #expect(admitted(tries) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    }

    @Test func `subjects do not share their interval`() {
        #expect(admitted([("a", .zero), ("b", .zero), ("a", .zero)]) == [0, 1])
    }

    @Test func `a clock that is set back does not silence the trail`() {
        #expect(admitted([("a", .zero), ("a", .seconds(-3600))]) == [0, 1])
    }

    @Test func `ever new subjects share an entry, and all are admitted again in the next interval`() {
        let strangers = (0..<5000).map { ("stranger \($0)", after: Duration.zero) }
        #expect(admitted(strangers + [("stranger 4999", .seconds(1))]) == Array(0...1024) + [5000])
    }
}
