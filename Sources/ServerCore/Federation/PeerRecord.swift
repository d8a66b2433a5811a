import Certificates
package import HandoverToken
package import Vocabulary

/// One peer as this server knows it.
package struct PeerRecord: Hashable, Sendable {
    /// A local label; between peers only `id` counts.
    package var name: String
    /// Where its federation interface answers: `https`.
    package var endpoint: Endpoint
    package var id: PeerID
    package var pin: PeerPin
    package var trust: PeerTrust
    package var opampEndpoint: Endpoint?
    /// What the peer shows us; `nil` until it is generated or pasted.
    package var inbound: InboundSecret?
    /// What we show the peer.
    package var outbound: OutboundSecret?
    package var enabled: Bool
    package var lastContact: Timestamp?
    package var lastError: String?
    /// Which of this server's federation certificates the peer accepted last.
    package var acceptedCertificate: Fingerprint?

    package init(
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
    package var knownSigners: [TokenVerifier.KnownSigner] {
        trust.tokenSigners.certificates.map { .init(certificate: $0, owner: id) }
    }
}

/// What a peer's statements and certificates are trusted for, as of a version of its trust bundle.
package struct PeerTrust: Hashable, Sendable {
    package var serverCAs: ServerCAs
    package var agentCAs: AgentCAs
    package var tokenSigners: TokenSigners
    /// 0 as long as it is only what was pasted.
    package var version: Int64

    package init(serverCAs: ServerCAs, agentCAs: AgentCAs, tokenSigners: TokenSigners, version: Int64 = 0) {
        self.serverCAs = serverCAs
        self.agentCAs = agentCAs
        self.tokenSigners = tokenSigners
        self.version = version
    }
}

/// The secret that we show a peer: sealed under the server's master key with the peer's `PeerID` text as context.
package struct OutboundSecret: Hashable, Sendable {
    package var sealed: [UInt8]
    package var digest: [UInt8]

    package init(sealed: [UInt8], digest: [UInt8]) {
        self.sealed = sealed
        self.digest = digest
    }
}
