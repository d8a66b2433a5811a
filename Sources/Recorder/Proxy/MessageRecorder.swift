import NIOHTTP1
import OpAMPProto
import Synchronization
import Vocabulary

/// What all connections of one proxy share: the recording, the numbers and the rules.
final class MessageRecorder: Sendable {
    private struct State {
        var book: RuleBook
        var connections: Int64 = 0
        var messages: [MessageDirection: Int64] = [:]
    }

    let recording: Recording
    private let state: Mutex<State>

    init(_ recording: Recording, rules: [Rule]) {
        self.recording = recording
        state = Mutex(State(book: RuleBook(rules)))
    }

    func follow(_ rules: [Rule]) { state.withLock { $0.book = RuleBook(rules) } }

    /// From 1 in the order of arrival.
    func nextConnection() -> Int64 {
        state.withLock { state in
            state.connections += 1
            return state.connections
        }
    }

    /// Writes down one OpAMP message and says what becomes of it.
    ///
    /// - Parameter isFrame: a message of a WebSocket, else a body of HTTP.
    func pass(_ bytes: [UInt8], _ direction: MessageDirection, isFrame: Bool, on connection: Int64) -> Fate {
        let whole = (try? FrameHeader.unframed(bytes, tolerance: .headerless)) ?? bytes[...]
        let open = WireText(whole, as: direction, showingSecrets: true, limits: MessageRecord.limits)
        let passing = Passing(direction: direction, kind: .message(open.json), isHTTP: !isFrame)
        let (number, fate) = state.withLock { state in
            state.messages[direction, default: 0] += 1
            return (state.messages[direction, default: 0], state.book.fate(of: passing))
        }
        let record = MessageRecord(bytes, direction, isFrame: isFrame, showingSecrets: recording.showsSecrets)
        let place: JSON = .members([
            "connection": .integer(connection), "event": .string("message"),
            "transport": .string(isFrame ? "websocket" : "http"), "number": .integer(number),
        ])
        let rules: JSON = .members(["rules": fate.rulesJSON])
        recording.write(.object([place, .object(record.members), rules].flatMap { $0.members ?? [] }))
        return fate
    }

    func passUpgrade() -> Fate {
        state.withLock { $0.book.fate(of: Passing(direction: .agentToServer, kind: .upgrade, isHTTP: true)) }
    }
}

extension Fate {
    /// Absent when no rule applied.
    var rulesJSON: JSON? { rules.isEmpty ? nil : .array(rules.map { .string($0) }) }
}
