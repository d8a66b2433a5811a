import ServerCore
import Vocabulary

/// The times at which handovers want to be looked at again; in memory, because `resume` sets them anew.
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

    /// Rings every timer at its time, one after the other, until the task is cancelled.
    func run(
        now: @Sendable () -> Timestamp, _ wake: @Sendable (HandoverRole, HandoverID) async -> Void
    ) async {
        while !Task.isCancelled {
            let present = now()
            for (key, time) in times where time <= present {
                // One that was set anew while another rang has another time now.
                guard times[key] == time else { continue }
                times[key] = nil
                await wake(key.role, key.id)
            }
            await rest(from: now())
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
