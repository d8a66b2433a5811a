package import Certificates
package import Vocabulary

/// How long the previous certificate and the previous inbound secret of a peer stay valid once the new ones are used.
package let peerOverlap = Duration.seconds(24 * 3600)

/// What a peer shows, and what it showed before. Both are valid until the peer has used the new one; only then does the
/// overlap begin, so that a rotation which the other side saves late cuts nobody off.
struct Succession<Value: Hashable & Sendable>: Hashable, Sendable {
    var current: Value
    var previous: Value?
    /// `nil` beside a previous one: the current one has not been used yet.
    var previousUntil: Timestamp?

    var isUsed: Bool { previous == nil || previousUntil != nil }

    /// Replaces a current one that was never used; the one in use remains the previous one.
    func followed(by next: Value) -> Succession {
        guard next != current else { return self }
        let known = isUsed ? current : previous
        return Succession(current: next, previous: known == next ? nil : known, previousUntil: nil)
    }

    /// `nil` when the first use was noted before.
    func firstUsed(at now: Timestamp) -> Succession? {
        isUsed ? nil : Succession(current: current, previous: previous, previousUntil: now + peerOverlap)
    }

    /// The previous one, as long as it is valid.
    func previous(at now: Timestamp) -> Value? { previousUntil.map { now < $0 } ?? true ? previous : nil }

    func pruned(at now: Timestamp) -> Succession {
        previous(at: now) == nil ? Succession(current: current, previous: nil, previousUntil: nil) : self
    }
}

/// The federation certificates by which a peer is known.
package struct PeerPin: Hashable, Sendable {
    private var succession: Succession<Certificate>

    package var current: Certificate { succession.current }
    package var previous: Certificate? { succession.previous }
    package var previousUntil: Timestamp? { succession.previousUntil }

    package init(_ current: Certificate, previous: Certificate? = nil, previousUntil: Timestamp? = nil) {
        succession = Succession(current: current, previous: previous, previousUntil: previousUntil)
    }

    package mutating func rotate(to next: Certificate) { succession = succession.followed(by: next) }

    package func holds(_ certificate: Certificate, at now: Timestamp) -> Bool {
        certificate == current || certificate == succession.previous(at: now)
    }

    fileprivate func isFirstUse(of certificate: Certificate) -> Bool { certificate == current && !succession.isUsed }

    fileprivate mutating func begin(_ fingerprint: Fingerprint, at now: Timestamp) -> Bool {
        guard current.fingerprint == fingerprint, let next = succession.firstUsed(at: now) else { return false }
        succession = next
        return true
    }

    fileprivate mutating func prune(at now: Timestamp) { succession = succession.pruned(at: now) }
}

/// The secret that a peer shows us; only digests are kept.
package struct InboundSecret: Hashable, Sendable {
    private var succession: Succession<[UInt8]>

    package var digest: [UInt8] { succession.current }
    package var previousDigest: [UInt8]? { succession.previous }
    package var previousUntil: Timestamp? { succession.previousUntil }

    package init(digest: [UInt8], previousDigest: [UInt8]? = nil, previousUntil: Timestamp? = nil) {
        succession = Succession(current: digest, previous: previousDigest, previousUntil: previousUntil)
    }

    package mutating func rotate(to digest: [UInt8]) { succession = succession.followed(by: digest) }

    /// Takes the same time whatever the digest is.
    func holds(_ shown: [UInt8], at now: Timestamp) -> Bool {
        let isCurrent = ConstantTime.areEqual(shown, digest)
        let isPrevious = ConstantTime.areEqual(shown, succession.previous(at: now) ?? [])
        return isCurrent || isPrevious
    }

    fileprivate func isFirstUse(of shown: [UInt8]) -> Bool {
        ConstantTime.areEqual(shown, digest) && !succession.isUsed
    }

    fileprivate mutating func begin(_ shown: [UInt8], at now: Timestamp) -> Bool {
        guard shown == digest, let next = succession.firstUsed(at: now) else { return false }
        succession = next
        return true
    }

    fileprivate mutating func prune(at now: Timestamp) { succession = succession.pruned(at: now) }
}

/// One of the two things by which a peer is known.
package enum PeerFactor: Hashable, Sendable {
    case certificate(Fingerprint)
    /// The digest of an inbound secret.
    case secret([UInt8])

    package var label: String {
        switch self {
        case .certificate: "certificate"
        case .secret: "secret"
        }
    }
}

extension PeerRecord {
    /// What of this the peer has not shown before, since it was registered here in the place of another one.
    package func firstUses(of certificate: Certificate, _ secret: [UInt8]) -> [PeerFactor] {
        var factors: [PeerFactor] = []
        if pin.isFirstUse(of: certificate) { factors.append(.certificate(certificate.fingerprint)) }
        if inbound?.isFirstUse(of: secret) == true { factors.append(.secret(secret)) }
        return factors
    }

    /// The peer has used a new factor: the overlap of the previous one begins.
    ///
    /// - Returns: whether it does; it began before, or the factor was replaced meanwhile, when not.
    package mutating func begin(_ factor: PeerFactor, at now: Timestamp) -> Bool {
        switch factor {
        case .certificate(let fingerprint): pin.begin(fingerprint, at: now)
        case .secret(let digest): inbound?.begin(digest, at: now) ?? false
        }
    }

    /// Without the factors whose overlap is over.
    package func pruned(at now: Timestamp) -> PeerRecord {
        var peer = self
        peer.pin.prune(at: now)
        peer.inbound?.prune(at: now)
        return peer
    }
}
