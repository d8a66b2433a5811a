public import OpAMPProto
public import Vocabulary

/// What one event led to.
///
/// The shell's law, for every event:
/// 1. `let step = agent.next(after: event, at: wallClock.now, chance: random.next())`
/// 2. if `step.save` is there, make it durable (file and directory synced). If that fails, throw the whole step away
///    and go on with `agent.next(after: .saveFailed(during: event), ...)`; that step never asks for a save.
/// 3. `agent = step.agent`
/// 4. write `step.log`, carry out `step.directives` in order
/// 5. feed each result back as an event, one at a time, never from inside step 4.
public struct AgentStep: Equatable, Sendable {
    public var agent: Agent
    /// The state that must be durable before any directive is carried out; `nil` when nothing durable changed.
    public var save: AgentState?
    public var directives: [AgentDirective]
    public var log: [AgentLogEntry]
}

// MARK: - Events

/// What happened. The shell reports facts; the core decides.
public indirect enum AgentEvent: Equatable, Sendable {
    /// The first event of a process, once. State was loaded, the state directory is locked, the key pair exists.
    case started
    /// The WebSocket upgrade succeeded. For HTTP it comes at once.
    case opened(ConnectionID)
    /// A decoded message. On an HTTP connection: the answer to the one request in flight.
    case received(ConnectionID, ServerToAgent)
    /// What arrived could not be read as OpAMP; the shell has kept none of it.
    case receivedNonsense(ConnectionID, detail: String)
    /// A message handed over with `AgentDirective.send` did not go out.
    case sendFailed(ConnectionID, SendRefusal)
    /// The last event of a connection, exactly once for every `open` that was not dropped.
    case ended(ConnectionID, ConnectionEnd)
    case woke(AgentTimer)
    /// The host says something new about itself.
    case reportChanged(OwnReport)
    /// The host can do something else from now on; `reportsStatus` is always part of it.
    case capabilitiesChanged(AgentCapabilities)
    /// A message of the host's for the server. The shell has asked `Agent.refusal(of:)` first.
    case customMessage(CustomMessage)
    /// The answer to `AgentDirective.verify`; without a failure TLS is as the settings want it.
    case standbyVerified(OfferHash, DialFailure?)
    /// The answers to `AgentDirective.applyConnections`.
    case connectionsApplied(OfferHash)
    case connectionsRejected(OfferHash, reason: String)
    /// The files of the host have another leaf, over the key of this identity. The shell has that key before it says so.
    case leafReplaced(LeafChain, HeldIdentity)
    /// The answer to `AgentDirective.applyRemoteConfig`.
    case remoteConfigApplied(hash: [UInt8])
    /// - Parameter mayPass: the same configuration may be tried again later, if the server offers it again.
    case remoteConfigFailed(hash: [UInt8], message: String, mayPass: Bool = false)
    /// The host wants to end; the agent sends `agent_disconnect` first.
    case stopRequested
    /// `AgentStep.save` could not be made durable while this event was handled. The shell throws that step away and
    /// hands this to the agent it had before: the event is decided again by an agent that cannot write.
    case saveFailed(during: AgentEvent)
}

/// One connection to one server: a WebSocket, or a run of HTTP requests. Numbers are never used twice in a process.
public struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public var description: String { String(number) }
}

public enum ConnectionEnd: Equatable, Sendable {
    /// Closed by either side after it was up. `code` is the WebSocket close code, if one was given.
    case closed(code: UInt16?, reason: String)
    case failed(DialFailure)
}

/// The core's timers; there is at most one of each.
public enum AgentTimer: String, Hashable, Sendable, CaseIterable {
    /// The next message is due although nothing changed; on HTTP, the next poll.
    case heartbeat
    /// Wait before the next dial of the active server.
    case retry
    /// Wait before the next dial of a candidate, or the next move to a server that has failed before.
    case nextTry
    /// The first answer of a server is overdue.
    case answer
    /// A candidate's time is over.
    case verification
    /// The server has not let go of the connection.
    case leaving
    /// The session has lasted.
    case stable
    /// Probation has run its length.
    case probation
    /// The active server has been lost for a whole probation.
    case lost
    /// The active server has been unreachable for long enough, or the standby server may be dialled again.
    case standby
    /// The standby server is to be verified.
    case standbyCheck
    /// What a server provoked may be answered again.
    case provoked
    /// Its messages may cause one more thing.
    case meter
    /// The leaf may be due for renewal.
    case renewal
}

// MARK: - Directives

/// What to do. Directives are plain values, carried out in order, and safe to repeat after a crash because the state
/// they follow from is already durable.
public enum AgentDirective: Equatable, Sendable {
    /// Dial a WebSocket; for an HTTP endpoint only note the dial and answer `opened`, since every `send` is a request
    /// of its own. There is never a second connection: the previous one has ended or was dropped.
    case open(ConnectionID, Dial)
    /// On an HTTP connection there is one request in flight at most, and `OpAMP-Instance-UID` is the message's own uid.
    case send(ConnectionID, AgentToServer)
    /// Flush, Close 1000, then `ended`. On an HTTP connection `ended` at once.
    case close(ConnectionID)
    /// Let go at once; whatever the connection still reports is ignored.
    case drop(ConnectionID)
    /// Beside the connection there is, or none: dial, verify the server by TLS, hang up, and report `standbyVerified`. Nothing is
    /// presented and nothing is sent.
    case verify(Dial, of: OfferHash)
    /// Replaces the timer of the same name. Measured by a clock that neither jumps nor is set.
    case setTimer(AgentTimer, after: Duration)
    /// After this no `woke` of that timer arrives.
    case cancelTimer(AgentTimer)
    /// Hand it to the configuration sink, then report `remoteConfigApplied` or `remoteConfigFailed`.
    case applyRemoteConfig(AgentRemoteConfig)
    /// Hand the host what an offer says about connections of its own, then report `connectionsApplied` or
    /// `connectionsRejected`. It holds only what the host takes.
    case applyConnections(OfferHash, ConnectionSettingsOffers)
    /// Hand the host a message of a custom capability that it has named.
    case deliver(CustomMessage)
    /// All is said; the process may end.
    case finish
}

/// Everything the shell needs to dial, beside the private key.
public struct Dial: Equatable, Sendable {
    public var settings: ConnectionSettings
    /// In addition to `settings.headers`: `OpAMP-Instance-UID`, `Handover-Id` and, to enrol, `Authorization`.
    public var extraHeaders: [HeaderField]
    /// For the upgrade or the first POST only: `Handover-Epoch`.
    public var openingHeaders: [HeaderField]

    public init(settings: ConnectionSettings, extraHeaders: [HeaderField], openingHeaders: [HeaderField] = []) {
        self.settings = settings
        self.extraHeaders = extraHeaders
        self.openingHeaders = openingHeaders
    }
}
