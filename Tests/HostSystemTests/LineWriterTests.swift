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

    @Test func `a reader that takes nothing stops no writer, and learns what it has missed`() throws {
        let reader = Reader()
        let writer = LineWriter { reader.take($0) }
        for number in 0..<5000 { writer.write("\(number)") }
        writer.flush(upTo: 5)
        #expect(reader.read.isEmpty, "nobody has read, and nobody waited")

        reader.mayRead.signal()
        writer.flush(upTo: 20_000)
        let lines = reader.read
        #expect(lines.first == "0")
        let missed = try #require(
            lines.first { $0.contains("missing") }?.split(separator: " ").first.flatMap { Int($0) })
        #expect(lines.count - 1 + missed == 5000)
    }
}
