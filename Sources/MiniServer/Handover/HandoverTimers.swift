import ServerCore
import Vocabulary

/// The times at which handovers are due; in memory, because `resume` schedules them again.
actor HandoverTimers {
    private struct Key: Hashable {
        var role: HandoverRole
        var id: HandoverID
    }

    private var times: [Key: Timestamp] = [:]
    private var sleep: (until: Timestamp, task: Task<Void, Never>)?

    /// The wall clock may be set while nobody looks at it.
    static let longestSleep = Duration.seconds(5)

    /// Replaces the time of the same handover and role.
    func set(_ role: HandoverRole, _ id: HandoverID, at time: Timestamp) {
        times[Key(role: role, id: id)] = time
        if let sleep, time < sleep.until { sleep.task.cancel() }
    }

    /// Wakes every handover at its time, until the task is cancelled. None waits for another: what a handover does when it
    /// wakes may be a call to a peer that does not answer.
    func run(
        now: @Sendable () -> Timestamp, _ wake: @escaping @Sendable (HandoverRole, HandoverID) async -> Void
    ) async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let present = now()
                let due = times.filter { $0.value <= present }.keys
                for key in due {
                    times[key] = nil
                    group.addTask { await wake(key.role, key.id) }
                }
                await rest(from: now())
            }
            group.cancelAll()
        }
    }

    /// Until the next timer, or until another one is set.
    private func rest(from present: Timestamp) async {
        let latest = present + Self.longestSleep
        let until = min(times.values.min() ?? latest, latest)
        let task = Task { _ = try? await Task.sleep(for: max(until - present, .zero)) }
        sleep = (until, task)
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        sleep = nil
    }
}
