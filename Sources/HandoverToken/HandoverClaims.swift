public import Vocabulary

/// What a handover token says: which agent, from whom, to whom, until when.
///
/// Times and durations are whole seconds, as RFC 7519 NumericDate has them; fractions are cut off here.
public struct HandoverClaims: Hashable, Sendable {
    public enum Purpose: String, Hashable, Sendable, CaseIterable {
        /// An operator moves the agent now.
        case handover
        /// The agent may move by itself when its own server has been dead for a set time.
        case standby

        /// From issue to the end of redemption.
        public var lifetimes: ClosedRange<Duration> {
            switch self {
            case .handover: .seconds(60) ... .seconds(24 * 3600)
            case .standby: .seconds(60) ... .seconds(30 * 24 * 3600)
            }
        }
    }

    /// The agent as the source knows it. Carried for the operator to confirm, never for a decision about who it is.
    public struct Agent: Hashable, Sendable {
        /// Its row on the source (`sub`).
        public let row: AgentID
        public let instanceUID: InstanceUID
        /// Free text without control or format characters, at most 256 bytes.
        public let displayName: String
        /// The OpAMP capabilities it reported.
        public let capabilities: UInt64
        public let group: String?
        public let configuration: String?

        public init(
            row: AgentID, instanceUID: InstanceUID, displayName: String, capabilities: UInt64, group: String? = nil,
            configuration: String? = nil
        ) {
            self.row = row
            self.instanceUID = instanceUID
            self.displayName = displayName
            self.capabilities = capabilities
            self.group = group
            self.configuration = configuration
        }
    }

    public struct Target: Hashable, Sendable {
        /// The target's name on the source.
        public let name: String
        public let endpoint: Endpoint
        public let serverCAs: ServerCAs
        public let tokenSigners: TokenSigners
        /// To be sent to the target by the agent.
        public let headers: [HeaderField]

        public init(
            name: String, endpoint: Endpoint, serverCAs: ServerCAs, tokenSigners: TokenSigners,
            headers: [HeaderField] = []
        ) {
            self.name = name
            self.endpoint = endpoint
            self.serverCAs = serverCAs
            self.tokenSigners = tokenSigners
            self.headers = headers
        }
    }

    public struct Source: Hashable, Sendable {
        public let name: String
        public let agentCAs: AgentCAs

        public init(name: String, agentCAs: AgentCAs) {
            self.name = name
            self.agentCAs = agentCAs
        }
    }

    public let id: HandoverID
    public let issuer: PeerID
    public let audience: PeerID
    public let issuedAt: Timestamp
    public let notBefore: Timestamp
    public let expiresAt: Timestamp
    /// The agent's leaf: who may arrive with this token (`cnf`, RFC 7800 and RFC 8705).
    public let leaf: Fingerprint
    public let agent: Agent
    public let target: Target
    public let source: Source
    public let epoch: Epoch
    /// How long after adoption the agent keeps the way back; 0 is settled at once.
    public let probation: Duration
    public let purpose: Purpose

    /// Differences between two clocks up to this are forgiven.
    public static let clockSkew: Duration = .seconds(60)
    public static let probations = ProbationLengths()

    /// - Parameter notBefore: absent, it is `issuedAt`.
    public init(
        id: HandoverID, issuer: PeerID, audience: PeerID, issuedAt: Timestamp, notBefore: Timestamp? = nil,
        expiresAt: Timestamp, leaf: Fingerprint, agent: Agent, target: Target, source: Source, epoch: Epoch,
        probation: Duration, purpose: Purpose = .handover
    ) {
        self.id = id
        self.issuer = issuer
        self.audience = audience
        self.issuedAt = Timestamp(seconds: issuedAt.seconds)
        self.notBefore = Timestamp(seconds: (notBefore ?? issuedAt).seconds)
        self.expiresAt = Timestamp(seconds: expiresAt.seconds)
        self.leaf = leaf
        self.agent = agent
        self.target = target
        self.source = source
        self.epoch = epoch
        self.probation = .seconds(probation.components.seconds)
        self.purpose = purpose
    }

    /// The same claims with new times: what the source signs for a push after the redemption. It is the same
    /// handover, so it cannot be redeemed again.
    public func reissued(at now: Timestamp, lifetime: Duration) -> HandoverClaims {
        HandoverClaims(
            id: id, issuer: issuer, audience: audience, issuedAt: now, expiresAt: now + lifetime, leaf: leaf,
            agent: agent, target: target, source: source, epoch: epoch, probation: probation, purpose: purpose)
    }
}

/// What a token may ask for: nothing, or 1 second to 24 hours. The claim counts seconds, and a length that it cannot
/// say is refused, since source, target and agent have to count the same.
public struct ProbationLengths: Sendable {
    public func contains(_ length: Duration) -> Bool {
        length == .zero || (.seconds(1) ... .seconds(24 * 3600)).contains(length) && length.components.attoseconds == 0
    }
}
