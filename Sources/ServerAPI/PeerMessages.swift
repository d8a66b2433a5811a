public import Vocabulary

/// A pasted federation certificate followed by its CA, and by the CAs above the listener where they are others.
public struct PeerPasteText: Codable, Hashable, Sendable {
    public var certificatePEM: String

    public init(certificatePEM: String) {
        self.certificatePEM = certificatePEM
    }
}

/// What a paste contains, to be confirmed before it is saved.
public struct PeerPasteFacts: Codable, Hashable, Sendable {
    public var peerID: PeerID
    public var fingerprint: Fingerprint
    public var subject: String
    public var notAfter: Timestamp
    public var authorities: [AuthorityFacts]
    /// The CAs that may vouch for the peer's listener, and for nothing else.
    public var listenerAuthorities: [AuthorityFacts]

    public init(
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
public struct AuthorityFacts: Codable, Hashable, Sendable {
    public var fingerprint: Fingerprint
    public var subject: String
    public var notAfter: Timestamp

    public init(fingerprint: Fingerprint, subject: String, notAfter: Timestamp) {
        self.fingerprint = fingerprint
        self.subject = subject
        self.notAfter = notAfter
    }
}

/// A new peer.
public struct PeerCreation: Codable, Hashable, Sendable {
    public var name: String
    /// An `https` URL.
    public var endpoint: String
    public var certificatePEM: String
    /// A secret the other side generated; absent: generate one with `generatePeerSecret`.
    public var inboundSecret: String?
    public var outboundSecret: String?

    public init(
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
public struct PeerUpdate: Codable, Hashable, Sendable {
    public var endpoint: String?
    public var enabled: Bool?
    /// The peer's renewed certificate; the present one stays valid for the overlap.
    public var certificatePEM: String?

    public init(endpoint: String? = nil, enabled: Bool? = nil, certificatePEM: String? = nil) {
        self.endpoint = endpoint
        self.enabled = enabled
        self.certificatePEM = certificatePEM
    }
}

/// A peer and how it is doing.
public struct PeerSummary: Codable, Hashable, Sendable {
    public var name: String
    public var endpoint: String
    public var peerID: PeerID
    public var opampEndpoint: String?
    public var enabled: Bool
    public var fingerprint: Fingerprint
    public var previousFingerprint: Fingerprint?
    public var previousUntil: Timestamp?
    public var serverCAs: [AuthorityFacts]
    public var agentCAs: [AuthorityFacts]
    public var tokenSigners: [AuthorityFacts]
    public var trustVersion: Int64
    public var hasInboundSecret: Bool
    public var hasOutboundSecret: Bool
    public var lastContact: Timestamp?
    public var lastError: String?

    public init(
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
public struct PeerSecretRequest: Codable, Hashable, Sendable {
    /// `inbound` or `outbound`.
    public var direction: String

    public init(direction: String) {
        self.direction = direction
    }
}

/// Saves a secret that the other side generated.
public struct PeerSecretText: Codable, Hashable, Sendable {
    /// `inbound` or `outbound`.
    public var direction: String
    public var secret: String

    public init(direction: String, secret: String) {
        self.direction = direction
        self.secret = secret
    }
}

/// The outcome of one ping.
public struct PingResult: Codable, Hashable, Sendable {
    public var ok: Bool
    /// `200 OK · 47 ms`, or which factor failed.
    public var text: String
    public var milliseconds: Int
    /// When it failed: the operator message's code.
    public var code: String?
    public var nextAction: String?
    /// After a TLS failure: what the peer presented, leaf first.
    public var presentedChain: [AuthorityFacts]
    public var answer: PeerIdentity?

    public init(
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
public struct PeerIdentity: Codable, Hashable, Sendable {
    public var peerID: PeerID
    public var name: String
    public var opampEndpoint: String
    public var time: Timestamp
    /// Which of the caller's certificates was pasted here last.
    public var pinned: Fingerprint?

    public init(
        peerID: PeerID, name: String, opampEndpoint: String, time: Timestamp, pinned: Fingerprint? = nil
    ) {
        self.peerID = peerID
        self.name = name
        self.opampEndpoint = opampEndpoint
        self.time = time
        self.pinned = pinned
    }
}
