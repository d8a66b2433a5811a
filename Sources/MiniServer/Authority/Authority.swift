import Certificates
import HandoverToken
import ServerCore
import Synchronization
import Vocabulary

/// This server as an authority: who it is, what it signs, and whom that makes others trust.
///
/// Everything is in memory after `open`; a change is stored first and then shown here.
final class Authority: Sendable {
    let peerID: PeerID
    /// Seals what the database must keep and nobody may read.
    let sealing: SealingKey
    private let keyRing: Mutex<KeyRing>

    /// The life of every CA key, and the private half of each.
    struct KeyRing: Sendable {
        var keys: SigningKeys
        var privateKeys: [Fingerprint: PrivateKey]
        /// How many transactions have changed the keys, and after which of them this is.
        fileprivate var turns = 0
        fileprivate var shownTurn = 0

        init(keys: SigningKeys, privateKeys: [Fingerprint: PrivateKey]) {
            (self.keys, self.privateKeys) = (keys, privateKeys)
        }
    }

    init(peerID: PeerID, sealing: SealingKey, keyRing: KeyRing) {
        self.peerID = peerID
        self.sealing = sealing
        self.keyRing = Mutex(keyRing)
    }

    var signingKeys: SigningKeys { keyRing.withLock { $0.keys } }

    /// Counts the transactions that change the keys, in their order.
    func nextTurn() -> Int {
        keyRing.withLock { ring in
            ring.turns += 1
            return ring.turns
        }
    }

    /// Shows what a transaction has stored, unless what a later one has stored is shown already.
    func adopt(_ ring: KeyRing, of turn: Int) {
        keyRing.withLock { shown in
            guard turn > shown.shownTurn else { return }
            (shown.keys, shown.privateKeys, shown.shownTurn) = (ring.keys, ring.privateKeys, turn)
        }
    }

    /// The Active key.
    ///
    /// - Throws: `AuthorityFailure.noActiveKey`.
    func active() throws -> Issuer { try issuer { $0.active?.certificate } }

    /// The Active key, to sign with it now.
    ///
    /// - Throws: `AuthorityFailure.noActiveKey` or `.activeKeyNotYetValid`.
    private func active(at now: Timestamp) throws -> Issuer {
        let issuer = try active()
        guard issuer.certificate.notBefore <= now else {
            throw AuthorityFailure.activeKeyNotYetValid(from: issuer.certificate.notBefore)
        }
        return issuer
    }

    private func issuer(_ choose: (SigningKeys) -> Certificate?) throws -> Issuer {
        try keyRing.withLock { ring in
            guard let certificate = choose(ring.keys), let key = ring.privateKeys[certificate.fingerprint] else {
                throw AuthorityFailure.noActiveKey
            }
            return try Issuer(certificate: certificate, key: key)
        }
    }

    // MARK: Issuing

    static let listenerLifetime = Duration.seconds(90 * 86_400)
    static let authorityLifetime = Duration.seconds(3650 * 86_400)
    /// A host whose clock is behind must not find a new certificate not yet valid.
    static let backdate = LeafOrder.backdating

    /// The leaf that an enrolment was granted.
    func issueLeaf(_ order: LeafOrder) throws -> Certificate {
        try issue(
            order.profile, subject: order.subject, publicKey: order.publicKey, validity: order.validity,
            at: order.validity.notBefore + LeafOrder.backdating)
    }

    /// A federation client certificate with a new key.
    func issueFederation(
        subject: String, lifetime: Duration, at now: Timestamp
    ) throws -> (certificate: Certificate, key: PrivateKey) {
        let key = try PrivateKey.generateP256()
        let certificate = try issue(
            .federation(peerID), subject: subject, publicKey: key.publicKey,
            validity: Self.validity(lifetime, from: now), at: now)
        return (certificate, key)
    }

    /// A listener certificate is renewed when less than this is left of it, and issued by no CA of which less is left.
    static let listenerRenewal = Duration.seconds(30 * 86_400)

    /// Agents and peers must already trust the CA of the listener's certificate, so the key known longest signs it: an
    /// agent that was not connected during a rotation can still connect, and receives the new CA (see
    /// `TrustAnnouncement`).
    ///
    /// - Throws: `AuthorityFailure.activeKeyNotYetValid` when no key is valid.
    func listenerIssuer(at now: Timestamp) throws -> Issuer {
        if let issuer = try? issuer({ $0.longestKnown(at: now, until: now + Self.listenerRenewal) }) { return issuer }
        return try active(at: now)
    }

    /// A listener certificate with a new key, under DNS names or IP addresses.
    func issueListener(names: [String], at now: Timestamp) throws -> (certificate: Certificate, key: PrivateKey) {
        let key = try PrivateKey.generateP256()
        let certificate = try listenerIssuer(at: now).issue(
            .listener(names: names), subject: names.first ?? "mini-server", publicKey: key.publicKey,
            within: Self.validity(Self.listenerLifetime, from: now))
        return (certificate, key)
    }

    static func validity(_ lifetime: Duration, from now: Timestamp) -> Validity {
        Validity(notBefore: now - backdate, notAfter: now + lifetime)
    }

    private func issue(
        _ profile: CertificateProfile, subject: String, publicKey: PublicKey, validity: Validity, at now: Timestamp
    ) throws -> Certificate {
        try active(at: now).issue(profile, subject: subject, publicKey: publicKey, within: validity)
    }

    // MARK: Signing

    /// The text form of a handover token, signed by the Active CA key.
    func sign(_ claims: HandoverClaims) throws -> String { try active().sign(claims) }

    /// A trust statement, signed by a key that its reader has recorded.
    ///
    /// - Parameter known: the signers that the reader says it knows; empty when it says nothing, as agents do.
    func sign(_ statement: TrustStatement, knownTo known: Set<Fingerprint> = []) throws -> String {
        try issuer { keys in
            keys.honoured.first { known.contains($0.fingerprint) }
                ?? keys.longestKnown(at: statement.issuedAt, until: statement.issuedAt) ?? keys.active?.certificate
        }.sign(statement)
    }
}

extension Issuer {
    /// No certificate is valid before the CA that issues it.
    fileprivate func issue(
        _ profile: CertificateProfile, subject: String, publicKey: PublicKey, within validity: Validity
    ) throws -> Certificate {
        try issue(
            profile, subject: subject, publicKey: publicKey, serial: RandomBytes.generate(16),
            validity: Validity(
                notBefore: max(validity.notBefore, certificate.notBefore), notAfter: validity.notAfter))
    }
}

/// What a sealed secret is for; one sealed for another purpose does not open.
enum SealedPurpose: Hashable {
    case signingKey
    case federationKey
    case listenerKey
    case outboundSecret(PeerID)

    var context: String {
        switch self {
        case .signingKey: "CA key"
        case .federationKey: "federation key"
        case .listenerKey: "listener key"
        case .outboundSecret(let peer): "outbound secret \(peer)"
        }
    }
}

extension SealingKey {
    func seal(_ secret: Secret, for purpose: SealedPurpose) throws -> [UInt8] {
        try seal(secret, context: purpose.context)
    }

    /// - Throws: `AuthorityFailure.sealedUnderAnotherKey`.
    func open(_ sealed: some Sequence<UInt8>, for purpose: SealedPurpose) throws -> Secret {
        do {
            return try open(Array(sealed), context: purpose.context)
        } catch {
            throw AuthorityFailure.sealedUnderAnotherKey(what: purpose.context)
        }
    }
}
