package import Certificates
package import Vocabulary

/// A key of this server's authority, by its CA certificate.
package struct SigningKey: Hashable, Sendable {
    package var certificate: Certificate
    package var state: SigningKeyState
    package var since: Timestamp

    package init(certificate: Certificate, state: SigningKeyState, since: Timestamp) {
        self.certificate = certificate
        self.state = state
        self.since = since
    }
}

/// All keys of this server's authority.
package struct SigningKeys: Hashable, Sendable {
    /// How long a replaced key stays trusted.
    package static let trustedPeriod = Duration.seconds(30 * 24 * 3600)

    package private(set) var keys: [SigningKey]

    package init(_ keys: [SigningKey]) { self.keys = keys }

    package var active: SigningKey? { keys.first { $0.state == .active } }

    /// Who may have issued a leaf or signed a token that still counts.
    package var honoured: [Certificate] { certificates(in: [.active, .trusted]) }

    /// What `trust-bundle` and `/pki/trust-bundle.pem` publish.
    package var published: [Certificate] { certificates(in: [.active, .trusted, .draft]) }

    /// The trusted key that the largest number of agents already know: an agent that knows any trusted key knows this
    /// one. It signs trust statements, which announce other keys, and this server's own listener certificate.
    ///
    /// - Parameters:
    ///   - now: it must be valid already: a clock that was ahead may have made one that is not.
    ///   - end: how long it must still be valid.
    package func longestKnown(at now: Timestamp, until end: Timestamp) -> Certificate? {
        let replaced = keys.filter { $0.state == .trusted }.sorted { $0.since < $1.since }.map(\.certificate)
        return (replaced + [active?.certificate].compactMap(\.self)).first { $0.notBefore <= now && end < $0.notAfter }
    }

    /// Every key that is published stands in each trust set.
    ///
    /// - Parameter others: how many further CAs this server publishes, those above its listener.
    /// - Throws: `AuthorityRefusal.tooManyKeys` when a trust set would not hold them all.
    package func drafting(
        _ certificate: Certificate, besides others: Int = 0, at now: Timestamp
    ) throws(AuthorityRefusal) -> SigningKeys {
        let room = Limits.bundleCertificates - others
        guard published.count < room else { throw .tooManyKeys(room) }
        return SigningKeys(keys + [SigningKey(certificate: certificate, state: .draft, since: now)])
    }

    /// A draft that is not to become active. Agents and peers are told that it is gone.
    ///
    /// - Throws: `AuthorityRefusal.notDraft`.
    package func discarding(_ fingerprint: Fingerprint, at now: Timestamp) throws(AuthorityRefusal) -> SigningKeys {
        guard state(of: fingerprint) == .draft else { throw .notDraft }
        return changed(at: now) { $0.certificate.fingerprint == fingerprint ? .retired : $0.state }
    }

    /// The draft becomes active and the active one trusted.
    ///
    /// - Throws: `AuthorityRefusal.notDraft`, or `.notYetValid` for one that was made while the clock was ahead.
    package func activating(_ fingerprint: Fingerprint, at now: Timestamp) throws(AuthorityRefusal) -> SigningKeys {
        guard let draft = keys.first(where: { $0.certificate.fingerprint == fingerprint }), draft.state == .draft else {
            throw .notDraft
        }
        guard draft.certificate.notBefore <= now else { throw .notYetValid(from: draft.certificate.notBefore) }
        return changed(at: now) { key in
            if key.certificate.fingerprint == fingerprint { return .active }
            return key.state == .active ? .trusted : key.state
        }
    }

    /// - Parameters:
    ///   - leaves: by which the agents of this server come in.
    ///   - dependents: how many connected agents know no other key that stays.
    /// - Throws: `AuthorityRefusal` unless the key is trusted, its period is over, and no agent depends on it.
    package func retiring(
        _ fingerprint: Fingerprint, leaves: [Certificate] = [], dependents: Int = 0, at now: Timestamp
    ) throws(AuthorityRefusal) -> SigningKeys {
        guard let key = keys.first(where: { $0.certificate.fingerprint == fingerprint }), key.state == .trusted else {
            throw .notTrusted
        }
        let end = key.since + Self.trustedPeriod
        guard now >= end else { throw .stillNeeded(until: end) }
        let issued = leaves.filter {
            ChainCheck.problems(leaf: $0, anchors: [key.certificate], purpose: .client, at: now).isEmpty
        }
        guard issued.isEmpty else { throw .vouchesForAgents(issued.count) }
        guard dependents == 0 else { throw .knownAlone(dependents) }
        return changed(at: now) { $0.certificate.fingerprint == fingerprint ? .retired : $0.state }
    }

    /// What stays published when this key is retired.
    package func published(without fingerprint: Fingerprint) -> [Certificate] {
        published.filter { $0.fingerprint != fingerprint }
    }

    private func state(of fingerprint: Fingerprint) -> SigningKeyState? {
        keys.first { $0.certificate.fingerprint == fingerprint }?.state
    }

    private func certificates(in states: [SigningKeyState]) -> [Certificate] {
        states.flatMap { state in keys.filter { $0.state == state }.map(\.certificate) }
    }

    private func changed(at now: Timestamp, _ state: (SigningKey) -> SigningKeyState) -> SigningKeys {
        SigningKeys(
            keys.map { key in
                let next = state(key)
                return next == key.state ? key : SigningKey(certificate: key.certificate, state: next, since: now)
            })
    }
}
