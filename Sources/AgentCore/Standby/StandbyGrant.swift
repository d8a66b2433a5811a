import OpAMPProto
public import Vocabulary

/// A server that the agent may move to by itself when its own has been unreachable for `StandbyPolicy.after`
/// (docs/protocol.md, section 9). An agent holds one at most.
public struct StandbyGrant: Equatable, Sendable {
    public var server: ServerSettings
    /// From the grant's token.
    public var handover: HandoverFacts
    /// Of the offer that brought it.
    public var hash: OfferHash
    /// Wall clock; the token's end. Afterwards the grant is not used.
    public var until: Timestamp

    public init(server: ServerSettings, handover: HandoverFacts, hash: OfferHash, until: Timestamp) {
        self.server = server
        self.handover = handover
        self.hash = hash
        self.until = until
    }

    /// The name under which it is offered, among the settings of other connections.
    public static let connection = "opamp-handover.standby"
    /// Where its token stands in `other_settings`.
    public static let tokenSetting = "token"
}

/// When the host's operator lets the agent use a standby grant.
public struct StandbyPolicy: Equatable, Sendable {
    /// How long the active server has to be unreachable.
    public var after: Duration
    /// At most so many percent of `after` are added, by chance, so that not all agents of a dead server move at once.
    public var spread: Int
    /// And so often it was dialled in vain meanwhile.
    public static let failedContacts = 5
    /// How often the agent verifies the standby server while it does not need it.
    public var checkInterval: Duration
    /// The first time, and after each start, it does so within this time.
    static let firstCheck = Duration.seconds(60)

    public init(after: Duration = .seconds(900), spread: Int = 10, checkInterval: Duration = .seconds(3600)) {
        self.after = after
        self.spread = spread
        self.checkInterval = checkInterval
    }

    func wait(chance: UInt64) -> Duration { Self.spread(after, by: spread, chance) }

    func wait(beforeCheck number: Int, chance: UInt64) -> Duration {
        number == 0
            ? min(Self.firstCheck, checkInterval) * Self.share(chance) : Self.spread(checkInterval, by: 10, chance)
    }

    private static func spread(_ span: Duration, by percent: Int, _ chance: UInt64) -> Duration {
        span + span * Double(percent) / 100 * share(chance)
    }

    /// From 0 to 1.
    private static func share(_ chance: UInt64) -> Double { Double(chance >> 11) / Double(UInt64(1) << 53) }
}

/// What the last look at the standby server has shown: nothing but TLS, without a client certificate and without a request.
public struct StandbyCheck: Hashable, Sendable {
    /// Wall clock.
    public var at: Timestamp
    /// `nil` when a server answers there whose certificate is the grant's.
    public var cause: MoveCause?
    public var detail: String

    public init(at: Timestamp, cause: MoveCause? = nil, detail: String = "") {
        self.at = at
        self.cause = cause
        self.detail = detail
    }
}

/// What this process has seen of the active server since it answered last.
struct StandbyWatch: Equatable, Sendable {
    var failedContacts = 0
    /// The wait is over: that of the policy, or that after a standby server did not accept the agent.
    var isTimeOver = false
    /// Attempts at the standby server in a row.
    var failedMoves = 0
}

/// What this process has seen of the standby server.
struct StandbyChecks: Equatable, Sendable {
    var begun = 0
    var last: StandbyCheck?
}

extension ConnectionSettingsOffers {
    /// The offered grant.
    var standby: OtherConnectionSettings? { otherConnections[StandbyGrant.connection] }
}

extension ConnectionEnd {
    /// What a dial shows of the server itself.
    enum Sign: Equatable {
        /// Nothing answers as a server does.
        case gone
        /// It is there, and may refuse this agent for good reason.
        case there
        case none
    }

    var sign: Sign {
        guard case .failed(let failure) = self else { return .none }
        return switch failure.cause {
        case .dns, .tcp, .timeout, .tlsUntrusted, .tlsName, .tlsExpired: .gone
        case .http(let status) where status >= 500: .gone
        case .proxy:
            // What is wrong with the proxy says nothing of the server. 5xx is its word that it does not reach the server.
            if case .refused(let status) = failure.proxyProblem, status >= 500 { .gone } else { .none }
        case .http, .tlsLeafRefused, .protocol, .serverError: .there
        case .policy, .token, .storage, .probation: .none
        }
    }
}
