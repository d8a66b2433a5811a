public import AgentCore
public import Certificates
public import OpAMPProto
public import Vocabulary

/// What the operator of a host has decided: the configuration file as values that make sense together.
///
/// The keys and their meaning are in `docs/operator/agent.md`.
public struct HostConfiguration: Sendable {
    /// The server to begin with. Once an offer has been adopted, the state directory decides instead.
    public var server: ServerSettings
    /// Of the leaf that the file names. Without it the agent makes a key pair of its own in the state directory.
    public var key: PrivateKey?
    /// Where the leaf and its key come from, so that a running agent can read them again.
    public var certificateFiles: CertificateFiles?
    /// How servers are reached, where it is not directly.
    public var proxy = HostProxy()
    public var stateDirectory: String
    /// Used on the first start; `nil` makes a new version 7 UUID.
    public var instanceUID: InstanceUID?
    /// The server is asked for another one on the first start.
    public var requestsInstanceUID = false
    public var capabilities: AgentCapabilities
    public var report: OwnReport
    public var policy: OfferPolicy
    /// `standby` of the file; `nil` accepts no standby grant.
    public var standby: StandbyPolicy?
    public var timings: AgentTimings
    public var backoff: Backoff
    /// Sent once, to enrol.
    public var bootstrapToken: Secret?
    /// The bootstrap token gets a leaf in place of the one that is held.
    var enrollsAnew = false
    public var sink: SinkSettings?
    public var messageLimits = MessageLimits()
    public var logLevel: AgentLogEntry.Level
    public var logFormat: AgentLog.Format

    /// `limits` of the file: bytes of one OpAMP message before compression. The specification's default is 64 MiB each.
    public struct MessageLimits: Hashable, Sendable {
        public var received = 64 << 20
        public var sent = 64 << 20
        /// Of the effective configuration in a report; what is more is cut off. Never more than half of `sent`.
        public var effectiveConfig = 8 << 20
        /// Whether a WebSocket message may lack its header.
        public var frames = FrameHeader.Tolerance.strict

        static let range = 64 << 10...256 << 20

        static let effectiveConfigRange = 1 << 10...32 << 20

        public init() {}

        var reportedConfig: Int { min(effectiveConfig, sent / 2) }
    }

    public init(
        server: ServerSettings, key: PrivateKey? = nil, stateDirectory: String, instanceUID: InstanceUID? = nil,
        capabilities: AgentCapabilities = .handoverDefault, report: OwnReport = OwnReport(),
        policy: OfferPolicy = OfferPolicy(), timings: AgentTimings = AgentTimings(), backoff: Backoff = Backoff(),
        bootstrapToken: Secret? = nil, sink: SinkSettings? = nil, logLevel: AgentLogEntry.Level = .info,
        logFormat: AgentLog.Format = .text
    ) {
        self.server = server
        self.key = key
        self.stateDirectory = stateDirectory
        self.instanceUID = instanceUID
        self.capabilities = capabilities
        self.report = report
        self.policy = policy
        self.timings = timings
        self.backoff = backoff
        self.bootstrapToken = bootstrapToken
        self.sink = sink
        self.logLevel = logLevel
        self.logFormat = logFormat
    }

    /// Identifies what the file says about the connection; never shown, since header values are part of it. A renewed leaf
    /// is no other configuration.
    var digest: [UInt8] {
        var server = server
        if key != nil { server.settings.leaf = nil }
        return Digest.sha256(server.json.utf8)
    }

    /// The core's part of it.
    func agentConfiguration(identity: HeldIdentity) -> AgentConfiguration {
        var configuration = AgentConfiguration(
            server: server, capabilities: capabilities, report: report, identity: identity,
            bootstrapToken: bootstrapToken, policy: policy, timings: timings, backoff: backoff, digest: digest)
        configuration.enrollsAnew = enrollsAnew
        configuration.requestsInstanceUID = requestsInstanceUID
        configuration.standby = standby
        configuration.hasLeafOfItsOwn = key != nil && server.settings.leaf != nil
        return configuration
    }
}
