import PeerCore
import Vocabulary

/// The times at which handovers want to be looked at again; in memory, because `resume` sets them anew.
actor Alarms {
    private struct Key: Hashable {
        var side: HandoverRole
        var id: HandoverID
    }

    private var times: [Key: Timestamp] = [:]

    /// Replaces the time of the same handover and side.
    func set(_ side: HandoverRole, _ id: HandoverID, at time: Timestamp) {
        times[Key(side: side, id: id)] = time
    }

    /// Rings every alarm at its time, one after the other, until the task is cancelled.
    func run(
        now: @Sendable () -> Timestamp, _ wake: @Sendable (HandoverRole, HandoverID) async -> Void
    ) async {
        while !Task.isCancelled {
            let present = now()
            for (key, time) in times where time <= present {
                times[key] = nil
                await wake(key.side, key.id)
            }
            await rest(from: present)
        }
    }

    /// Never longer than a tenth of a second: an alarm may be set, or the wall clock changed, while it sleeps.
    private func rest(from present: Timestamp) async {
        let next = times.values.min().map { $0 - present } ?? .seconds(1)
        try? await Task.sleep(for: min(max(next, .milliseconds(5)), .milliseconds(100)))
    }
}
