public import OpAMPProto
public import Vocabulary

/// What happened. The shell reports facts; the core decides.
public indirect enum AgentEvent: Equatable, Sendable {
    /// The first event of a process, once. State was loaded, the state directory is locked, the key pair exists.
    case started
    /// The line is up: the WebSocket upgrade succeeded. An HTTP line is up at once.
    case opened(ConnectionID)
    /// A decoded message. On an HTTP line: the answer to the one request in flight.
    case received(ConnectionID, ServerToAgent)
    /// What arrived could not be read as OpAMP; the shell has kept none of it.
    case receivedNonsense(ConnectionID, detail: String)
    /// A message handed over with `AgentDirective.send` did not go out.
    case sendFailed(ConnectionID, SendRefusal)
    /// The last event of a line, exactly once for every `open` that was not dropped.
    case ended(ConnectionID, LineEnd)
    case woke(AgentTimer)
    /// The host says something new about itself.
    case reportChanged(OwnReport)
    /// The answer to `AgentDirective.applyRemoteConfig`.
    case remoteConfigApplied(hash: [UInt8])
    case remoteConfigFailed(hash: [UInt8], message: String)
    /// The host wants to end; the agent takes leave of its server first.
    case stopRequested
    /// `AgentStep.save` could not be made durable while this event was handled. The shell throws that step away and
    /// hands this to the agent it had before: the event is decided again by an agent that cannot write.
    case saveFailed(during: AgentEvent)
}

/// One line to one server: a WebSocket, or a run of HTTP requests. Numbers are never used twice in a process.
public struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public var description: String { String(number) }
}

public enum LineEnd: Equatable, Sendable {
    /// Closed by either side after it was up. `code` is the WebSocket close code, if one was given.
    case closed(code: UInt16?, reason: String)
    case failed(DialFailure)
}

/// The core's alarms; there is at most one of each.
public enum AgentTimer: String, Hashable, Sendable, CaseIterable {
    /// The next message is due although nothing changed; on HTTP, the next poll.
    case heartbeat
    /// Wait before the next dial of the active server.
    case retry
    /// Wait before the next dial of a candidate.
    case nextTry
    /// The first answer of a server is overdue.
    case answer
    /// A candidate's time is over.
    case verification
    /// The server has not let go of the line.
    case leaving
    /// The session has lasted.
    case stable
    /// Probation has run its length.
    case probation
    /// The active server has been lost for a whole probation.
    case lost
    /// What a server provoked may be answered again.
    case provoked
}
