import HostSystem

/// Runs what may wait long (a resolver, a proxy) beside the loops. Each thread ends when nothing is left to do, so a process
/// whose connections stand has none.
public final class DialThreads: Sendable {
    /// - Returns: what the thread goes on with once it no longer counts, if anything.
    typealias Work = @Sendable () -> (() -> Void)?

    private struct Shared {
        var waiting: [(id: UInt64, work: Work)] = []
        var threads = 0
        var lastID: UInt64 = 0
    }

    private let limit: Int
    private let shared = PosixLock(Shared())

    /// - Parameter limit: how many threads there are at once. Work that finds none waits its turn.
    public init(limit: Int = .max) { self.limit = max(1, limit) }

    /// - Returns: a number for `cancel`.
    /// - Throws: when there is no thread, and none that would come to it.
    @discardableResult
    func run(_ work: @escaping Work) throws(SystemError) -> UInt64 {
        let (id, needsThread) = shared.withLock { shared in
            shared.lastID += 1
            shared.waiting.append((shared.lastID, work))
            guard shared.threads < limit else { return (shared.lastID, false) }
            shared.threads += 1
            return (shared.lastID, true)
        }
        guard needsThread else { return id }
        do throws(SystemError) {
            try DetachedThread.start { self.workUntilDone() }
        } catch {
            let isStranded = shared.withLock { shared in
                shared.threads -= 1
                guard shared.threads == 0 else { return false }
                shared.waiting.removeAll { $0.id == id }
                return true
            }
            if isStranded { throw error }
        }
        return id
    }

    /// - Returns: whether the work had not begun; then it never will.
    func cancel(_ id: UInt64) -> Bool {
        shared.withLock { shared in
            guard let place = shared.waiting.firstIndex(where: { $0.id == id }) else { return false }
            shared.waiting.remove(at: place)
            return true
        }
    }

    private func workUntilDone() {
        while let work = next() {
            guard let rest = work() else { continue }
            passOn()
            return rest()
        }
    }

    /// Without any, this thread does not count from now on.
    private func next() -> Work? {
        shared.withLock { shared in
            guard !shared.waiting.isEmpty else {
                shared.threads -= 1
                return nil
            }
            return shared.waiting.removeFirst().work
        }
    }

    /// This thread has found something else to do: another one takes its place.
    private func passOn() {
        let isNeeded = shared.withLock { shared in
            if shared.waiting.isEmpty { shared.threads -= 1 }
            return !shared.waiting.isEmpty
        }
        guard isNeeded else { return }
        do throws(SystemError) {
            try DetachedThread.start { self.workUntilDone() }
        } catch {
            // What waits is taken up with the next dial, or given up by those who wait.
            shared.withLock { $0.threads -= 1 }
        }
    }
}
