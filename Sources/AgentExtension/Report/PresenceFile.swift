import AgentCore
import DurableFiles
import HostSystem
import Vocabulary

/// What a running agent tells `opamp-agent status`: which process it is and how its connection stands. Only a hint,
/// written behind the events and not synced, so that no message waits for it or for the disk.
struct PresenceFile {
    static let name = "presence"
    /// Changes within this time make one write.
    static let delay = Duration.seconds(1)

    private let path: String
    private var latest: Presence?
    private var isScheduled = false
    /// The disk may be full now and have space at the next event.
    private var isUnwritten = false

    init(directory: String) { path = "\(directory)/\(Self.name)" }

    /// - Parameter schedule: asks for `write` after `delay`.
    mutating func note(_ presence: Presence, schedule: () -> Void) {
        if presence.isNews(after: latest) { latest = presence } else if !isUnwritten { return }
        guard !isScheduled, presence.contact != .stopped else { return }
        isScheduled = true
        schedule()
    }

    mutating func write() {
        isScheduled = false
        guard let latest else { return }
        do throws(FileFailure) {
            try AtomicFile.write(latest.json.utf8, to: path, mode: .private, promise: .written)
            isUnwritten = false
        } catch {
            isUnwritten = true
        }
    }

    mutating func remove() {
        latest = nil
        try? AtomicFile.remove(path)
    }

    static func read(in directory: String) -> Presence? {
        guard let bytes = try? AtomicFile.read("\(directory)/\(name)", limit: 4096),
            let json = try? JSON(reading: bytes)
        else { return nil }
        return Presence(json: json)
    }
}

struct Presence: Hashable, Sendable {
    var process: Int32
    /// When it began (`ProcessTable`): numbers of processes are used again.
    var began: UInt64?
    var contact: AgentSnapshot.Contact
    var endpoint: String
    var since: Timestamp
    var standby: StandbyCheck?
    var dropped: DroppedWork

    func isNews(after last: Presence?) -> Bool {
        contact != last?.contact || endpoint != last?.endpoint || standby != last?.standby || dropped != last?.dropped
    }

    /// Whether it was written by a process that is still there.
    var isCurrent: Bool {
        guard ProcessTable.contains(process) else { return false }
        guard let began, let now = Self.beginning(of: process) else { return true }
        return began == now
    }

    /// In clock ticks since the system's start: field 22 of `/proc/PID/stat` (proc(5)). `nil` where that cannot be read.
    static func beginning(of process: Int32) -> UInt64? {
        guard let bytes = try? OperatorFile.read("/proc/\(process)/stat", limit: 4096) else { return nil }
        // The second field may contain anything, and ends with the last parenthesis.
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }

    private static let ownBeginning = beginning(of: ProcessTable.ownID)

    var json: JSON {
        .members([
            "process": .integer(Int64(process)), "began": began.map { .string(String($0)) },
            "contact": .string(contact.rawValue), "endpoint": .string(endpoint),
            "since": .string(since.description), "standby": standby?.json,
            "droppedMessages": .integer(Int64(dropped.messages)),
            "droppedLogLines": .integer(Int64(dropped.logLines)),
        ])
    }

    init?(json: JSON) {
        guard let process = json["process"]?.integer.flatMap({ Int32(exactly: $0) }),
            let contact = json["contact"]?.string.flatMap({ AgentSnapshot.Contact(rawValue: $0) }),
            let endpoint = json["endpoint"]?.string, let since = json["since"]?.string.flatMap({ Timestamp($0) }),
            let messages = json["droppedMessages"]?.integer, let logLines = json["droppedLogLines"]?.integer
        else { return nil }
        self.init(
            process: process, began: json["began"]?.string.flatMap { UInt64($0) }, contact: contact, endpoint: endpoint,
            since: since, standby: json["standby"].flatMap { StandbyCheck(json: $0) },
            dropped: DroppedWork(messages: Int(messages), logLines: Int(logLines)))
    }

    init(
        process: Int32, began: UInt64? = ownBeginning, contact: AgentSnapshot.Contact, endpoint: String,
        since: Timestamp, standby: StandbyCheck?,
        dropped: DroppedWork
    ) {
        self.process = process
        self.began = began
        self.contact = contact
        self.endpoint = endpoint
        self.since = since
        self.standby = standby
        self.dropped = dropped
    }
}

extension StandbyCheck {
    fileprivate var json: JSON {
        .members([
            "at": .string(at.description), "cause": cause.map { .string($0.code) }, "detail": .string(detail),
        ])
    }

    fileprivate init?(json: JSON) {
        guard let at = json["at"]?.string.flatMap({ Timestamp($0) }), let detail = json["detail"]?.string else {
            return nil
        }
        self.init(at: at, cause: json["cause"]?.string.flatMap { MoveCause(code: $0) }, detail: detail)
    }
}

extension AgentSnapshot {
    func presence(at now: Timestamp) -> Presence {
        Presence(
            process: ProcessTable.ownID, contact: contact, endpoint: endpoint.description, since: now,
            standby: standby, dropped: dropped)
    }
}
