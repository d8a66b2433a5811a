public import OpAMPProto

/// What to do. Directives are plain values, carried out in order, and safe to repeat after a crash because the state
/// they follow from is already durable.
public enum AgentDirective: Equatable, Sendable {
    /// Dial a WebSocket; for an HTTP endpoint only note the dial and answer `opened`, since every `send` is a request
    /// of its own. There is never a second line: the one before has ended or was dropped.
    case open(ConnectionID, Dial)
    /// On an HTTP line there is one request in flight at most, and `OpAMP-Instance-UID` is the message's own uid.
    case send(ConnectionID, AgentToServer)
    /// Flush, Close 1000, then `ended`. On an HTTP line `ended` at once.
    case close(ConnectionID)
    /// Let go at once; whatever the line still reports is ignored.
    case drop(ConnectionID)
    /// Replaces the timer of the same name. Measured by a clock that neither jumps nor is set.
    case setTimer(AgentTimer, after: Duration)
    /// After this no `woke` of that timer arrives.
    case cancelTimer(AgentTimer)
    /// Hand it to the configuration sink, then report `remoteConfigApplied` or `remoteConfigFailed`.
    case applyRemoteConfig(AgentRemoteConfig)
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
