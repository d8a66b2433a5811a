/// What is to run when, in order of time and, at the same time, of asking.
struct TimerQueue {
    struct Entry {
        let id: UInt64
        /// Microseconds of the monotonic clock.
        let deadline: Int64
        let body: @Sendable () -> Void
    }

    /// The next one last.
    private var entries: [Entry] = []
    private var lastID: UInt64 = 0

    var nextDeadline: Int64? { entries.last?.deadline }

    mutating func add(deadline: Int64, _ body: @escaping @Sendable () -> Void) -> UInt64 {
        lastID += 1
        var place = entries.count
        while place > 0, entries[place - 1].deadline <= deadline { place -= 1 }
        entries.insert(Entry(id: lastID, deadline: deadline, body: body), at: place)
        return lastID
    }

    mutating func remove(_ id: UInt64) {
        if let place = entries.lastIndex(where: { $0.id == id }) { entries.remove(at: place) }
    }

    mutating func removeNext(dueAt now: Int64) -> (@Sendable () -> Void)? {
        guard let next = entries.last, next.deadline <= now else { return nil }
        return entries.removeLast().body
    }

    mutating func removeAll() { entries.removeAll() }
}
