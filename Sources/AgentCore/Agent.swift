import HandoverToken
public import OpAMPProto
public import Vocabulary

/// The agent's state as one value: what is durable, and what this process knows.
///
/// Nothing here has a clock: `now` is the wall clock and serves certificates, tokens, records, and what is left of a
/// wait after a restart. Everything this process waits for is a timer of the shell, so a wall clock that jumps neither
/// ends nor extends it.
public struct Agent: Equatable, Sendable {
    public internal(set) var state: AgentState
    public internal(set) var configuration: AgentConfiguration
    /// What every message says that the agent can do. An agent that has components reports them, and a standby grant is a
    /// connection among others.
    public var capabilities: AgentCapabilities {
        configuration.capabilities.union(.reportsStatus)
            .union(report.availableComponents == nil ? [] : .reportsAvailableComponents)
            .union(configuration.standby == nil ? [] : .acceptsOtherConnectionSettings)
    }
    public internal(set) var phase: Phase = .idle
    /// What the server has said it can do; `nil` until it has.
    public var serverCapabilities: ServerCapabilities? { reporting.serverCapabilities }

    /// What this process has seen of the standby server last; `nil` until it has looked.
    public var standbyCheck: StandbyCheck? { standbyChecks.last }

    public var droppedWork: DroppedWork { meters.allDropped }

    var report: OwnReport
    var reporting = Reporting()
    /// Lines ordered so far.
    var connectionsOpened: UInt64 = 0
    /// Attempts in a row without a stable session.
    var failures = 0
    /// Connections of the active server in a row that ended after TLS without a word.
    var bareCloses = 0
    /// Of the candidate, while there is one.
    var trial: Trial?
    var waitingOffer: WaitingOffer?
    /// Failed moves in a row to one origin; the next move there waits.
    var failedMoves: FailedMoves?
    var meters = Meters()
    /// A configuration that came when the meter was full; the last one wins.
    var waitingConfig: AgentRemoteConfig?
    /// The sink is at work on it.
    var configBeingApplied: ConfigurationAtWork?
    /// The host's, until it is sent or the connection ends.
    var customMessage: CustomMessage?
    /// A save has failed: nobody knows what the disk holds, even what was thrown away may be there. It is written
    /// again before the next report, and then until it succeeds.
    var isUnsaved = false
    /// The wait before the next dial of the active server is running, also while a way back is tried.
    var isRetrySet = false
    var watch = ProbationWatch()
    var standbyWatch = StandbyWatch()
    var standbyChecks = StandbyChecks()
    /// `AgentConfiguration.enrollsAnew`, until the leaf has come.
    var isEnrollingAnew = false
    var leafEnd: LeafEnd?
    /// The signing request that was sent last.
    var leafRequest: LeafRequest?
    /// Replies that were on their way when the uid changed still carry the old one.
    var formerUID: InstanceUID?
    var isRenamedOnConnection = false
    /// Moves begun in this process, for the policy's limit.
    var movesBegun: [Timestamp] = []
    /// Sent with or before the leaf of an enrolment, not durable until the leaf is.
    var announcedSigners: TokenSigners?
    var statedTrust: StatedTrust?

    public init(state: AgentState, configuration: AgentConfiguration) {
        self.state = state
        self.configuration = configuration
        report = configuration.report
        isEnrollingAnew = configuration.enrollsAnew && configuration.bootstrapToken != nil
    }

    /// Decides only; nothing happens, and nothing is lost, until the shell acts on the step.
    ///
    /// - Parameters:
    ///   - now: the wall clock.
    ///   - chance: an even draw from all of `UInt64`, for jitter.
    public func next(after event: AgentEvent, at now: Timestamp, chance: UInt64) -> AgentStep {
        var transition = Transition(agent: self, now: now, chance: chance)
        transition.take(event)
        return transition.step
    }
}
