import Vocabulary

/// The agent's structured log over all lives of its process: one line an event, `name=value` fields.
struct AgentLog: Sendable {
    struct Line: Hashable, Sendable {
        var at: Timestamp
        var event: Substring
        var fields: [Substring: Substring]
    }

    let lines: [Line]

    init(_ text: String) {
        lines = text.split(separator: "\n").compactMap { line in
            // Time, level, label, event.
            let words = line.split(separator: " ")
            guard words.count >= 4, let at = Timestamp(String(words[0])) else { return nil }
            let fields = words.dropFirst(4).compactMap { word -> (Substring, Substring)? in
                word.firstIndex(of: "=").map { (word[..<$0], word[word.index(after: $0)...]) }
            }
            return Line(at: at, event: words[3], fields: Dictionary(fields) { first, _ in first })
        }
    }

    func lines(of events: Set<Substring>) -> [Line] { lines.filter { events.contains($0.event) } }

    /// The agent made another server its own.
    struct ChangeOfServer: Hashable, Sendable {
        var at: Timestamp
        var endpoint: String
        /// The handover by which it went there, if one brought it.
        var handover: String?
    }

    /// Each adoption; also one that a killed process had saved and not written down, which shows at the next start.
    var changesOfServer: [ChangeOfServer] {
        var (changes, active): ([ChangeOfServer], String?) = ([], nil)
        var move: (endpoint: String, handover: String?)?
        for line in lines {
            guard let endpoint = line.fields["endpoint"].map({ String($0) }) else { continue }
            switch line.event {
            case "move.began": move = (endpoint, line.fields["handover"].map { String($0) })
            case "agent.started", "move.adopted", "move.returned":
                if let known = active, !known.isSamePlace(as: endpoint) {
                    let handover = move.flatMap { $0.endpoint.isSamePlace(as: endpoint) ? $0.handover : nil }
                    changes.append(ChangeOfServer(at: line.at, endpoint: endpoint, handover: handover))
                }
                active = endpoint
            default: break
            }
        }
        return changes
    }

    /// What ends a connection, by the agent's own word; a new process has none of the old one's.
    private static let ends: Set<Substring> = [
        "connection.lost", "connection.leaving", "move.failed", "move.returning", "agent.stopped", "agent.started",
    ]

    /// Dials while another connection had not ended.
    var doubleDials: [String] {
        var (doubles, open): ([String], Substring?) = ([], nil)
        for line in lines {
            if Self.ends.contains(line.event) { open = nil }
            // Over HTTP the candidate's line is dropped for one of the active server; a WebSocket goes on.
            if ["move.adopted", "move.returned"].contains(line.event), open?.hasPrefix("https:") ?? false {
                open = nil
            }
            guard line.event == "connection.dialing", let endpoint = line.fields["endpoint"] else { continue }
            if let open { doubles.append("dialled \(endpoint) at \(line.at) with \(open) still open") }
            open = endpoint
        }
        return doubles
    }
}

extension AgentLog {
    /// A process that was killed once its candidate was saved tells of the move only when it takes it up again.
    static let beginnings: Set<Substring> = ["move.began", "move.resumed"]

    /// The offers, by their hash, that these events speak of, in order.
    static func offers(of events: Set<Substring>, in log: String) -> [String] {
        log.split(separator: "\n").filter { isOne(of: events, $0) }.compactMap { field("offer", in: $0) }
    }

    static func `is`(_ line: Substring, _ events: Set<Substring>, of offer: String) -> Bool {
        isOne(of: events, line) && field("offer", in: line) == offer
    }

    private static func isOne(of events: Set<Substring>, _ line: Substring) -> Bool {
        line.split(separator: " ").contains(where: events.contains)
    }

    private static func field(_ name: String, in line: Substring) -> String? {
        line.split(separator: " ").first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}
