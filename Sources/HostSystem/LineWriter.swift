import Dispatch
import Glibc
import Synchronization

/// Writes lines on a thread of its own: a reader that takes nothing stops that thread, and none that has work to do.
package final class LineWriter: Sendable {
    package static let standardError = LineWriter { StandardStream.error.write(line: $0) }

    /// Lines that wait. A log that nobody reads must not fill the memory.
    private static let limit = 1000

    private struct Queue {
        var lines: [String] = []
        /// Those that found no room since the last one that did.
        var lost = 0
        var missing: (@Sendable (Int) -> String)?
        var isWriting = false
        /// There is no thread: a write waits for the reader.
        var hasNoThread = false
    }

    private let put: @Sendable (String) -> Void
    private let queue = Mutex(Queue())
    private let mayWrite = DispatchSemaphore(value: 0)

    /// - Parameter put: writes one line, and may wait for its reader.
    package init(_ put: @escaping @Sendable (String) -> Void) {
        self.put = put
        do throws(SystemError) {
            try DetachedThread.start { self.writeForEver() }
        } catch {
            queue.withLock { $0.hasNoThread = true }
        }
    }

    /// Returns at once. A line that finds no room is lost.
    ///
    /// - Parameter missing: the line that later says how many were lost.
    package func write(
        _ line: String, missing: @escaping @Sendable (Int) -> String = { "\($0) lines are missing here" }
    ) {
        let isQueued = queue.withLock { queue in
            guard !queue.hasNoThread else { return false }
            if queue.lines.count < Self.limit {
                queue.lines.append(line)
            } else {
                queue.lost += 1
                queue.missing = missing
            }
            return true
        }
        if isQueued { mayWrite.signal() } else { put(line) }
    }

    /// Waits until everything is written.
    ///
    /// - Parameter limit: how long at most, in milliseconds.
    package func flush(upTo limit: Int) {
        for _ in 0..<limit where queue.withLock({ $0.isWriting || !$0.lines.isEmpty }) { usleep(1000) }
    }

    private func writeForEver() {
        while true {
            mayWrite.wait()
            let (lines, missing) = queue.withLock { queue in
                defer { (queue.lines, queue.lost, queue.missing, queue.isWriting) = ([], 0, nil, true) }
                return (queue.lines, queue.missing?(queue.lost))
            }
            for line in lines { put(line) }
            if let missing { put(missing) }
            queue.withLock { $0.isWriting = false }
        }
    }
}
