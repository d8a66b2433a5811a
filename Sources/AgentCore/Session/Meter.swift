import Vocabulary

/// How much a server may cause with its messages: a few things at once, then one for each `AgentTimings.provoked`.
struct Meter: Equatable, Sendable {
    private(set) var used = 0
    /// What there was no room for since the last report about it.
    private(set) var dropped = 0

    /// - Returns: false when `limit` is reached.
    mutating func spend(upTo limit: Int) -> Bool {
        guard used < limit else { return false }
        used += 1
        return true
    }

    mutating func drop() { dropped += 1 }

    mutating func recover() { used = max(0, used - 1) }

    mutating func takeDropped() -> Int {
        defer { dropped = 0 }
        return dropped
    }
}

/// What messages cause, beside replies: see `AgentTimings.provoked`.
struct Meters: Equatable, Sendable {
    /// Offers that are judged, configurations that are handed to the host, trust statements that are checked: what costs a
    /// save, a command or a signature check.
    var work = Meter()
    /// Log lines about messages that change nothing.
    var lines = Meter()
    var isRunning = false
    /// Over the life of the process, for `status`.
    var allDropped = DroppedWork()
}

/// What a server asked for and the agent left undone, since the process began.
public struct DroppedWork: Hashable, Sendable {
    /// Trust statements; offers and configurations wait, and the last one wins.
    public var messages: Int
    public var logLines: Int

    public init(messages: Int = 0, logLines: Int = 0) {
        self.messages = messages
        self.logLines = logLines
    }
}

extension Transition {
    /// Whether one more thing that a message causes may be done now. Otherwise it waits for `metersRecover`, or is dropped.
    mutating func mayWork() -> Bool {
        startMeters()
        return agent.meters.work.spend(upTo: timings.workAtOnce)
    }

    mutating func dropWork(_ reason: String) {
        agent.meters.allDropped.messages += 1
        noteProvoked(.warning, .ignoredMessage, ["reason": "too many messages: \(reason)"])
    }

    /// A line about a message that changes nothing.
    mutating func noteProvoked(
        _ level: AgentLogEntry.Level, _ event: AgentLogEvent, _ fields: KeyValuePairs<String, String?> = [:]
    ) {
        startMeters()
        guard agent.meters.lines.spend(upTo: timings.linesAtOnce) else {
            agent.meters.allDropped.logLines += 1
            return agent.meters.lines.drop()
        }
        note(level, event, fields)
    }

    private mutating func startMeters() {
        guard !agent.meters.isRunning else { return }
        agent.meters.isRunning = true
        order(.setTimer(.meter, after: timings.provoked))
    }

    mutating func metersRecover() {
        agent.meters.isRunning = false
        agent.meters.work.recover()
        agent.meters.lines.recover()
        let dropped = agent.meters.lines.takeDropped()
        if dropped > 0 { note(.warning, .linesDropped, ["count": String(dropped)]) }
        if agent.meters.work.used + agent.meters.lines.used > 0 { startMeters() }
        switch agent.phase {
        case .online:
            considerWaitingConfig()
            considerWaitingOffer()
            flush()
        case .idle, .waiting, .dialing, .reporting, .leaving, .stopped: break
        }
    }
}
