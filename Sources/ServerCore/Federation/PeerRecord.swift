import Certificates
public import HandoverToken
public import Vocabulary

/// One peer as this server knows it.
public struct PeerRecord: Hashable, Sendable {
    /// A local label; between peers only `id` counts.
    public var name: String
    /// Where its federation interface answers: `https`.
    public var endpoint: Endpoint
    public var id: PeerID
    public var pin: PeerPin
    public var trust: PeerTrust
    public var opampEndpoint: Endpoint?
    /// What the peer shows us; `nil` until it is generated or pasted.
    public var inbound: InboundSecret?
    /// What we show the peer.
    public var outbound: OutboundSecret?
    public var enabled: Bool
    public var lastContact: Timestamp?
    public var lastError: String?
    /// Which of this server's federation certificates the peer accepted last.
    public var acceptedCertificate: Fingerprint?

    public init(
        name: String,
        endpoint: Endpoint,
        id: PeerID,
        pin: PeerPin,
        trust: PeerTrust,
        opampEndpoint: Endpoint? = nil,
        inbound: InboundSecret? = nil,
        outbound: OutboundSecret? = nil,
        enabled: Bool = true,
        lastContact: Timestamp? = nil,
        lastError: String? = nil,
        acceptedCertificate: Fingerprint? = nil
    ) {
        self.name = name
        self.endpoint = endpoint
        self.id = id
        self.pin = pin
        self.trust = trust
        self.opampEndpoint = opampEndpoint
        self.inbound = inbound
        self.outbound = outbound
        self.enabled = enabled
        self.lastContact = lastContact
        self.lastError = lastError
        self.acceptedCertificate = acceptedCertificate
    }
}

extension PeerRecord {
    /// Whose signature makes a token of this peer. It stays readable while the peer is disabled, so that the token can be
    /// refused by that name.
    public var knownSigners: [TokenVerifier.KnownSigner] {
        trust.tokenSigners.certificates.map { .init(certificate: $0, owner: id) }
    }
}

/// What a peer's statements and certificates are trusted for, as of a version of its trust bundle.
public struct PeerTrust: Hashable, Sendable {
    public var serverCAs: ServerCAs
    public var agentCAs: AgentCAs
    public var tokenSigners: TokenSigners
    /// 0 as long as it is only what was pasted.
    public var version: Int64

    public init(serverCAs: ServerCAs, agentCAs: AgentCAs, tokenSigners: TokenSigners, version: Int64 = 0) {
        self.serverCAs = serverCAs
        self.agentCAs = agentCAs
        self.tokenSigners = tokenSigners
        self.version = version
    }
}

/// The secret that we show a peer: sealed under the server's master key with the peer's `PeerID` text as context.
public struct OutboundSecret: Hashable, Sendable {
    public var sealed: [UInt8]
    public var digest: [UInt8]

    public init(sealed: [UInt8], digest: [UInt8]) {
        self.sealed = sealed
        self.digest = digest
    }
}
