package import Vocabulary

/// One key of this server's certificate authority.
package struct SigningKeySummary: Codable, Hashable, Sendable {
    package var fingerprint: Fingerprint
    package var subject: String
    package var state: OpenWord<SigningKeyState>
    package var since: Timestamp
    package var notAfter: Timestamp
    package var certificatePEM: String

    package init(
        fingerprint: Fingerprint,
        subject: String,
        state: OpenWord<SigningKeyState>,
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
package struct FederationCertificateRequest: Codable, Hashable, Sendable {
    /// Free text, used in audit logs.
    package var subject: String
    /// 90 when absent.
    package var validityDays: Int?

    package init(subject: String, validityDays: Int? = nil) {
        self.subject = subject
        self.validityDays = validityDays
    }
}

/// A federation certificate of this server; its key never leaves.
package struct FederationCertificate: Codable, Hashable, Sendable {
    package var fingerprint: Fingerprint
    package var subject: String
    package var peerID: PeerID
    package var notBefore: Timestamp
    package var notAfter: Timestamp
    /// Whether it is valid now, so that calls may present it.
    package var inUse: Bool
    /// The names of the peers that accepted this one last.
    package var acceptedBy: [String]
    /// What the other side pastes: the certificate, its CA, and the CAs of the listener where they are others.
    package var pem: String

    package init(
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
package struct ServerInfo: Codable, Hashable, Sendable {
    package var peerID: PeerID
    package var name: String
    package var version: String
    package var opampEndpoint: String
    package var federationEndpoint: String
    package var authority: Fingerprint
    package var time: Timestamp
    package var agents: Int
    package var liveAgents: Int

    package init(
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
