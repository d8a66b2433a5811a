public import Vocabulary

/// One key of this server's certificate authority.
public struct SigningKeySummary: Codable, Hashable, Sendable {
    public var fingerprint: Fingerprint
    public var subject: String
    /// `draft`, `active`, `trusted` or `retired`.
    public var state: String
    public var since: Timestamp
    public var notAfter: Timestamp
    public var certificatePEM: String

    public init(
        fingerprint: Fingerprint,
        subject: String,
        state: String,
        since: Timestamp,
        notAfter: Timestamp,
        certificatePEM: String
    ) {
        self.fingerprint = fingerprint
        self.subject = subject
        self.state = state
        self.since = since
        self.notAfter = notAfter
        self.certificatePEM = certificatePEM
    }
}

/// Asks for a federation client certificate.
public struct FederationCertificateRequest: Codable, Hashable, Sendable {
    /// Free text, used in audit logs.
    public var subject: String
    /// 90 when absent.
    public var validityDays: Int?

    public init(subject: String, validityDays: Int? = nil) {
        self.subject = subject
        self.validityDays = validityDays
    }
}

/// A federation certificate of this server; its key never leaves.
public struct FederationCertificate: Codable, Hashable, Sendable {
    public var fingerprint: Fingerprint
    public var subject: String
    public var peerID: PeerID
    public var notBefore: Timestamp
    public var notAfter: Timestamp
    /// Whether it is valid now, so that calls may present it.
    public var inUse: Bool
    /// The names of the peers that accepted this one last.
    public var acceptedBy: [String]
    /// What the other side pastes: the certificate, its CA, and the CAs of the listener where they are others.
    public var pem: String

    public init(
        fingerprint: Fingerprint,
        subject: String,
        peerID: PeerID,
        notBefore: Timestamp,
        notAfter: Timestamp,
        inUse: Bool,
        acceptedBy: [String] = [],
        pem: String
    ) {
        self.fingerprint = fingerprint
        self.subject = subject
        self.peerID = peerID
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.inUse = inUse
        self.acceptedBy = acceptedBy
        self.pem = pem
    }
}

/// What this server is.
public struct ServerInfo: Codable, Hashable, Sendable {
    public var peerID: PeerID
    public var name: String
    public var version: String
    public var opampEndpoint: String
    public var federationEndpoint: String
    public var authority: Fingerprint
    public var time: Timestamp
    public var agents: Int
    public var liveAgents: Int

    public init(
        peerID: PeerID,
        name: String,
        version: String,
        opampEndpoint: String,
        federationEndpoint: String,
        authority: Fingerprint,
        time: Timestamp,
        agents: Int,
        liveAgents: Int
    ) {
        self.peerID = peerID
        self.name = name
        self.version = version
        self.opampEndpoint = opampEndpoint
        self.federationEndpoint = federationEndpoint
        self.authority = authority
        self.time = time
        self.agents = agents
        self.liveAgents = liveAgents
    }
}
