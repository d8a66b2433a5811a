public import Certificates
public import OpAMPProto
public import Vocabulary

/// The core's part of the configuration: what the host decided before the agent started. Only a leaf from a file, and its
/// identity, may change while the process runs.
public struct AgentConfiguration: Equatable, Sendable {
    /// The server named by the configuration file, its leaf chain included when the file names one. It is the
    /// starting point; once an offer has been adopted, the state decides instead.
    public var server: ServerSettings
    /// What the agent can do; `reportsStatus` is always added (OpAMP, AgentToServer.capabilities).
    public var capabilities: AgentCapabilities
    /// What the agent says about itself until the host says something else with `AgentEvent.reportChanged`.
    public var report: OwnReport
    /// The key pair of this host. Without it the agent can neither enrol nor hold a leaf.
    public var identity: HeldIdentity?
    /// `server.settings.leaf` stands in a file of the host: then the leaf is what that file says, whatever has been adopted,
    /// and no server replaces it.
    public var hasLeafOfItsOwn = false
    /// Single-use enrolment token, sent as `Authorization: Bearer` until a leaf has been stored, never afterwards.
    public var bootstrapToken: Secret?
    /// The server is to give the agent its `instance_uid`; the one of its first start is temporary (OpAMP,
    /// AgentToServerFlags.RequestInstanceUid).
    public var requestsInstanceUID = false
    /// The leaf that is held is not presented: the bootstrap token gets another one, which takes its place when it comes.
    public var enrollsAnew = false
    public var policy: OfferPolicy
    /// `nil` where no standby grant is accepted.
    public var standby: StandbyPolicy?
    public var timings: AgentTimings
    public var backoff: Backoff
    /// Identifies the file's connection part, so that a later difference can be told to the operator. Any bytes.
    public var digest: [UInt8]

    public init(
        server: ServerSettings, capabilities: AgentCapabilities = .handoverDefault, report: OwnReport = OwnReport(),
        identity: HeldIdentity? = nil, bootstrapToken: Secret? = nil, policy: OfferPolicy = OfferPolicy(),
        timings: AgentTimings = AgentTimings(), backoff: Backoff = Backoff(), digest: [UInt8] = []
    ) {
        self.server = server
        self.capabilities = capabilities.union(.reportsStatus)
        self.report = report
        self.identity = identity
        self.bootstrapToken = bootstrapToken
        self.policy = policy
        self.timings = timings
        self.backoff = backoff
        self.digest = digest
    }
}

extension AgentCapabilities {
    /// What an agent needs to be handed over, and nothing that the host must provide.
    public static let handoverDefault: Self = [
        .reportsStatus, .acceptsOpAMPConnectionSettings, .reportsHealth, .reportsHeartbeat,
        .reportsConnectionSettingsStatus,
    ]
}

/// The public side of the host's key pair. The private key stays with the shell.
public struct HeldIdentity: Equatable, Sendable {
    public var publicKey: PublicKey
    /// PKCS#10 in PEM over the same key; only its public key means anything to a server.
    public var signingRequest: String

    public init(publicKey: PublicKey, signingRequest: String) {
        self.publicKey = publicKey
        self.signingRequest = signingRequest
    }
}

/// What the host wants the server to know.
public struct OwnReport: Equatable, Sendable {
    /// An identifying attribute `service.instance.id` always carries the present `instance_uid`.
    public var description: AgentDescription
    public var health: ComponentHealth?
    public var effectiveConfig: EffectiveConfig?
    /// With a hash that another set of components does not have. Servers get the hash, and all of it when they ask.
    public var availableComponents: AvailableComponents?
    /// Beside `MoveMessage.capability`, which is always listed.
    public var customCapabilities: [String]

    public init(
        description: AgentDescription = AgentDescription(), health: ComponentHealth? = nil,
        effectiveConfig: EffectiveConfig? = nil, availableComponents: AvailableComponents? = nil,
        customCapabilities: [String] = []
    ) {
        self.description = description
        self.health = health
        self.effectiveConfig = effectiveConfig
        self.availableComponents = availableComponents
        self.customCapabilities = customCapabilities
    }
}

/// Every wait of the core. All are spans of the running process, measured by the shell's monotonic clock.
public struct AgentTimings: Equatable, Sendable {
    /// From accepting an offer to its verdict; no server can extend it.
    public var verification: Duration = .seconds(30)
    /// Kept previous settings after an adoption whose token says nothing else.
    public var probation: Duration = .seconds(300)
    /// The way back is kept this long after it was tried in vain: the previous server may have taken the agent back
    /// before the connection broke, and may need as long to tell the present one.
    public var triedReturn: Duration = .seconds(86_400)
    /// From the first report to the server's first answer, away from a verification.
    public var answer: Duration = .seconds(30)
    /// How long a report may stay unanswered on a connection that holds, before the server counts as one that answers
    /// nothing. Longer than a transport keeps a dead connection.
    public var unanswered: Duration = .seconds(60)
    /// How long leaving a server may take before the connection is dropped.
    public var leaving: Duration = .seconds(2)
    /// A session that lasted this long proves that the server is stable, and resets the backoff.
    public var stable: Duration = .seconds(10)
    /// Heartbeat, or poll interval, until a server names another one (OpAMP, heartbeat_interval_seconds).
    public var heartbeat: Duration = .seconds(30)
    /// One more try after a refused connection during verification.
    public var secondTry: Duration = .milliseconds(200)
    /// Least wait after a server refused this agent's credentials, or asked for a pause and not for how long.
    public var afterRefusal: Duration = .seconds(30)
    /// An offer that was tried in vain is not tried again for so long, twice as long after each further failure, at most for
    /// `longestRepeatedOffer`.
    public var repeatedOffer: Duration = .seconds(300)
    public var longestRepeatedOffer: Duration = .seconds(86_400)
    /// Reports that a server can provoke are at least this far apart.
    public var provoked: Duration = .seconds(1)
    /// What else its messages cause: so many saves, reloads and checks at once, and then one for each `provoked`.
    public var workAtOnce = 10
    /// The same for log lines about messages that change nothing.
    public var linesAtOnce = 20
    /// A leaf is renewed when less than this is left of it; `nil`: less than a third of its lifetime, and of 30 days.
    public var renewal: Duration?
    /// How often the time left is looked at; a session may last longer than a leaf.
    public var renewalCheck: Duration = .seconds(3600)

    public init() {}

    /// How long a failure stands that may pass. Doubles with each further one.
    func standing(after failures: Int) -> Duration {
        min(repeatedOffer * (1 << min(failures - 1, 20)), longestRepeatedOffer)
    }

    /// How long before its end a leaf is renewed.
    func renewal(of leaf: Certificate) -> Duration {
        renewal ?? Self.usualRenewal(of: leaf)
    }

    static func usualRenewal(of leaf: Certificate) -> Duration {
        min((leaf.notAfter - leaf.notBefore) / 3, .seconds(30 * 86_400))
    }
}
