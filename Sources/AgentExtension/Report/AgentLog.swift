public import AgentCore
import HostSystem
public import Vocabulary

/// One line of the log: an event with its fields, never a secret.
public struct AgentLogLine: Hashable, Sendable {
    public var at: Timestamp
    public var entry: AgentLogEntry
}

/// Where the lines go. A host program gives a closure of its own; the daemon writes to standard error.
public struct AgentLog: Sendable {
    public enum Format: String, Hashable, Sendable, CaseIterable {
        case text, json
    }

    /// The label of every line, as the seeds' operators search for it.
    public static let label = "opamp_extension"

    private let minimum: AgentLogEntry.Level
    private let write: @Sendable (AgentLogLine) -> Void

    /// - Parameter write: called on the agent's loop, so it must return soon.
    public init(minimum: AgentLogEntry.Level = .info, write: @escaping @Sendable (AgentLogLine) -> Void) {
        self.minimum = minimum
        self.write = write
    }

    /// On a thread of its own: a reader that has stopped reading does not stop the agent.
    public static func standardError(_ format: Format = .text, minimum: AgentLogEntry.Level = .info) -> AgentLog {
        AgentLog(minimum: minimum) { line in
            LineWriter.standardError.write(line.formatted(format)) { count in
                let entry = AgentLogEntry(
                    .warning, .logIncomplete, ["missing": "\(count)", "reason": "nobody read the log in time"])
                return AgentLogLine(at: line.at, entry: entry).formatted(format)
            }
        }
    }

    func write(_ entry: AgentLogEntry, at time: Timestamp) {
        if entry.level >= minimum { write(AgentLogLine(at: time, entry: entry)) }
    }
}

extension AgentLogLine {
    public func formatted(_ format: AgentLog.Format) -> String {
        switch format {
        case .text:
            let fields = entry.fields.map { " \($0.name)=\(Self.quoted($0.value))" }.joined()
            return "\(at) \(entry.level.rawValue) \(AgentLog.label) \(entry.event.rawValue)\(fields)"
        case .json:
            let head: [JSON.Member] = [
                .init("time", .string(at.description)), .init("level", .string(entry.level.rawValue)),
                .init("label", .string(AgentLog.label)), .init("event", .string(entry.event.rawValue)),
            ]
            return JSON.object(head + entry.fields.map { .init($0.name, .string($0.value)) }).description
        }
    }

    /// As it is when a reader could not mistake it, else as a JSON string.
    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x3D }
        return isPlain ? value : JSON.string(value).description
    }
}
