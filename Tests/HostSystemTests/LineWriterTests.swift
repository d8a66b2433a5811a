import Dispatch
import HostSystem
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct LineWriterTests {
    private final class Reader: Sendable {
        private let lines = Mutex<[String]>([])
        let mayRead = DispatchSemaphore(value: 0)

        var read: [String] { lines.withLock { $0 } }

        func take(_ line: String) {
            mayRead.wait()
            lines.withLock { $0.append(line) }
            mayRead.signal()
        }
    }

    @Test func `a reader that takes nothing stops no writer, and learns what it has missed`() {
        let reader = Reader()
        let writer = LineWriter { reader.take($0) }
        for number in 0..<5000 { writer.write("\(number)") }
        writer.flush(upTo: 5)
        #expect(reader.read.isEmpty, "nobody has read, and nobody waited")

        reader.mayRead.signal()
        writer.flush(upTo: 20_000)
        let lines = reader.read
        #expect(lines.first == "0")
        // The thread may take what waits more than once while lines are written, and says each time what was lost.
        let notices = lines.filter { $0.contains("missing") }
        let missed = notices.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }.reduce(0, +)
        #expect(missed > 0)
        #expect(lines.count - notices.count + missed == 5000)
    }
}
