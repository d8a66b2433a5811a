package import Vocabulary

/// A pasted federation certificate followed by its CA, and by the CAs above the listener where they are others.
package struct PeerPasteText: Codable, Hashable, Sendable {
    package var certificatePEM: String

    package init(certificatePEM: String) {
        self.certificatePEM = certificatePEM
    }
}

/// What a paste contains, to be confirmed before it is saved.
package struct PeerPasteFacts: Codable, Hashable, Sendable {
    package var peerID: PeerID
    package var fingerprint: Fingerprint
    package var subject: String
    package var notAfter: Timestamp
    package var authorities: [AuthorityFacts]
    /// The CAs that may vouch for the peer's listener, and for nothing else.
    package var listenerAuthorities: [AuthorityFacts]

    package init(
        peerID: PeerID,
        fingerprint: Fingerprint,
        subject: String,
        notAfter: Timestamp,
        authorities: [AuthorityFacts],
        listenerAuthorities: [AuthorityFacts] = []
    ) {
        self.peerID = peerID
        self.fingerprint = fingerprint
        self.subject = subject
        self.notAfter = notAfter
        self.authorities = authorities
        self.listenerAuthorities = listenerAuthorities
    }
}

/// A CA certificate in the words an operator compares.
package struct AuthorityFacts: Codable, Hashable, Sendable {
    package var fingerprint: Fingerprint
    package var subject: String
    package var notAfter: Timestamp

    package init(fingerprint: Fingerprint, subject: String, notAfter: Timestamp) {
        self.fingerprint = fingerprint
        self.subject = subject
        self.notAfter = notAfter
    }
}

/// A new peer.
package struct PeerCreation: Codable, Hashable, Sendable {
    package var name: String
    /// An `https` URL.
    package var endpoint: String
    package var certificatePEM: String
    /// A secret the other side generated; absent: generate one with `generatePeerSecret`.
    package var inboundSecret: String?
    package var outboundSecret: String?

    package init(
        name: String,
        endpoint: String,
        certificatePEM: String,
        inboundSecret: String? = nil,
        outboundSecret: String? = nil
    ) {
        self.name = name
        self.endpoint = endpoint
        self.certificatePEM = certificatePEM
        self.inboundSecret = inboundSecret
        self.outboundSecret = outboundSecret
    }
}

/// What may change of a peer; absent means unchanged.
package struct PeerUpdate: Codable, Hashable, Sendable {
    package var endpoint: String?
    package var enabled: Bool?
    /// The peer's renewed certificate; the present one stays valid for the overlap.
    package var certificatePEM: String?

    package init(endpoint: String? = nil, enabled: Bool? = nil, certificatePEM: String? = nil) {
        self.endpoint = endpoint
        self.enabled = enabled
        self.certificatePEM = certificatePEM
    }
}

/// A peer and how it is doing.
package struct PeerSummary: Codable, Hashable, Sendable {
    package var name: String
    package var endpoint: String
    package var peerID: PeerID
    package var opampEndpoint: String?
    package var enabled: Bool
    package var fingerprint: Fingerprint
    package var previousFingerprint: Fingerprint?
    package var previousUntil: Timestamp?
    package var serverCAs: [AuthorityFacts]
    package var agentCAs: [AuthorityFacts]
    package var tokenSigners: [AuthorityFacts]
    package var trustVersion: Int64
    package var hasInboundSecret: Bool
    package var hasOutboundSecret: Bool
    package var lastContact: Timestamp?
    package var lastError: String?

    package init(
        name: String,
        endpoint: String,
        peerID: PeerID,
        opampEndpoint: String? = nil,
        enabled: Bool,
        fingerprint: Fingerprint,
        previousFingerprint: Fingerprint? = nil,
        previousUntil: Timestamp? = nil,
        serverCAs: [AuthorityFacts],
        agentCAs: [AuthorityFacts],
        tokenSigners: [AuthorityFacts],
        trustVersion: Int64,
        hasInboundSecret: Bool,
        hasOutboundSecret: Bool,
        lastContact: Timestamp? = nil,
        lastError: String? = nil
    ) {
        self.name = name
        self.endpoint = endpoint
        self.peerID = peerID
        self.opampEndpoint = opampEndpoint
        self.enabled = enabled
        self.fingerprint = fingerprint
        self.previousFingerprint = previousFingerprint
        self.previousUntil = previousUntil
        self.serverCAs = serverCAs
        self.agentCAs = agentCAs
        self.tokenSigners = tokenSigners
        self.trustVersion = trustVersion
        self.hasInboundSecret = hasInboundSecret
        self.hasOutboundSecret = hasOutboundSecret
        self.lastContact = lastContact
        self.lastError = lastError
    }
}

/// Generates one of the two secrets of a peer.
package struct PeerSecretRequest: Codable, Hashable, Sendable {
    package var direction: SecretDirection

    package init(direction: SecretDirection) {
        self.direction = direction
    }
}

/// Saves a secret that the other side generated.
package struct PeerSecretText: Codable, Hashable, Sendable {
    package var direction: SecretDirection
    package var secret: String

    package init(direction: SecretDirection, secret: String) {
        self.direction = direction
        self.secret = secret
    }
}

/// The outcome of one ping.
package struct PingResult: Codable, Hashable, Sendable {
    package var ok: Bool
    /// `200 OK · 47 ms`, or which factor failed.
    package var text: String
    package var milliseconds: Int
    /// When it failed: the operator message's code.
    package var code: String?
    package var nextAction: String?
    /// After a TLS failure: what the peer presented, leaf first.
    package var presentedChain: [AuthorityFacts]
    package var answer: PeerIdentity?

    package init(
        ok: Bool,
        text: String,
        milliseconds: Int,
        code: String? = nil,
        nextAction: String? = nil,
        presentedChain: [AuthorityFacts] = [],
        answer: PeerIdentity? = nil
    ) {
        self.ok = ok
        self.text = text
        self.milliseconds = milliseconds
        self.code = code
        self.nextAction = nextAction
        self.presentedChain = presentedChain
        self.answer = answer
    }
}

/// What a peer answers to `GET /api/federation/ping`.
package struct PeerIdentity: Codable, Hashable, Sendable {
    package var peerID: PeerID
    package var name: String
    package var opampEndpoint: String
    package var time: Timestamp
    /// Which of the caller's certificates was pasted here last.
    package var pinned: Fingerprint?

    package init(
        peerID: PeerID, name: String, opampEndpoint: String, time: Timestamp, pinned: Fingerprint? = nil
    ) {
        self.peerID = peerID
        self.name = name
        self.opampEndpoint = opampEndpoint
        self.time = time
        self.pinned = pinned
    }
}
