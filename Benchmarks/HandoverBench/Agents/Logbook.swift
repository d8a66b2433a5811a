import AgentCore
import AgentExtension
import BareClient
import Synchronization
import Vocabulary

/// What one agent logs about its moves, with the time by a clock finer than the log's own.
final class Logbook: Sendable {
    struct Mark: Sendable {
        var event: AgentLogEvent
        var handover: String?
        var reason: String?
        /// When the line was written, in milliseconds of the wall clock: the step it tells of is saved.
        var written: Double
        /// When the agent took up what the line tells of; whole milliseconds.
        var taken: Timestamp
    }

    private let marks = Mutex<[Mark]>([])
    private let gate: Gate

    init(gate: Gate) { self.gate = gate }

    /// An agent calls this on its own thread, in the middle of a step: whatever it has to save is saved.
    var log: AgentLog {
        AgentLog(minimum: .debug) { [self] line in
            let entry = line.entry
            let mark = Mark(
                event: entry.event, handover: entry["handover"], reason: entry["detail"] ?? entry["reason"],
                written: ProcessCost.wallClock(), taken: line.at)
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
            began: marks[began], online: later.first { $0.event == .online },
            adopted: later.first { $0.event == .moveAdopted && $0.handover == "\(handover)" })
    }

    struct Move: Sendable {
        /// Taken: the offer was read. Written: it was checked and the candidate is on disk.
        var began: Mark
        /// Taken: the target's answer to the first message was read. Written: the adoption is on disk.
        var online: Mark?
        var adopted: Mark?
    }
}
