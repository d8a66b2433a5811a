import AgentCore
import AgentExtension
import Synchronization
import Vocabulary

/// What one agent logs about its moves, with the time by a clock finer than the log's own.
final class Logbook: Sendable {
    struct Mark: Sendable {
        var event: AgentLogEvent
        var handover: String?
        var reason: String?
        var at: ContinuousClock.Instant
        /// The log's own time, which both audit trails share.
        var wallClock: Timestamp
    }

    private let marks = Mutex<[Mark]>([])
    private let gate: Gate

    init(gate: Gate) { self.gate = gate }

    /// An agent calls this on its own thread, in the middle of a step: whatever it has to save is saved.
    var log: AgentLog {
        AgentLog(minimum: .debug) { [self] line in
            let entry = line.entry
            let mark = Mark(
                event: entry.event, handover: entry["handover"], reason: entry["detail"] ?? entry["reason"], at: .now,
                wallClock: line.at)
            marks.withLock { $0.append(mark) }
            if entry.event == .moveBegan { gate.pass() }
        }
    }

    var all: [Mark] { marks.withLock { $0 } }

    func forget() { marks.withLock { $0.removeAll() } }

    /// The moments of one move, as far as it has come.
    func move(_ handover: HandoverID) -> Move? {
        let marks = all
        guard let began = marks.firstIndex(where: { $0.event == .moveBegan && $0.handover == "\(handover)" }) else {
            return nil
        }
        let later = marks[began...]
        return Move(
            began: marks[began], dialled: later.first { $0.event == .dialing },
            adopted: later.first { $0.event == .moveAdopted && $0.handover == "\(handover)" },
            failed: later.first { $0.event == .moveFailed })
    }

    struct Move: Sendable {
        /// The offer was checked and the candidate is on disk.
        var began: Mark
        /// Leave of the source was taken.
        var dialled: Mark?
        /// The target has answered and the new settings are on disk.
        var adopted: Mark?
        var failed: Mark?
    }
}
