package import Certificates
package import Vocabulary

/// Decides who calls the federation interface: certificate first, then secret, both needed (protocol section 5).
package enum PeerAuthentication {
    /// A peer that showed both factors.
    package struct Caller: Hashable, Sendable {
        package let peer: PeerRecord
        /// What of them it showed for the first time.
        package let firstUses: [PeerFactor]
    }

    /// - Parameters:
    ///   - presented: the client certificate of the connection.
    ///   - bearer: the text after `Bearer ` of the `Authorization` header.
    ///   - attempts: the wrong secrets so far; this call is counted.
    /// - Throws: `FederationRefusal.certificateNotAccepted` (403), `.secretNotAccepted` (401) or `.tooManyWrongSecrets`
    ///   (429); each contains more than the answer to the caller.
    package static func caller(
        presented: Certificate?,
        bearer: String?,
        peers: [PeerRecord],
        attempts: inout SecretAttempts,
        at now: Timestamp
    ) throws(FederationRefusal) -> Caller {
        guard let presented else { throw .certificateNotAccepted(nil, .absent) }
        let fingerprint = presented.fingerprint
        guard let peer = peers.first(where: { $0.pin.holds(presented, at: now) }) else {
            throw .certificateNotAccepted(fingerprint, .notPinned)
        }
        guard peer.enabled else { throw .certificateNotAccepted(fingerprint, .peerDisabled(peer.name)) }
        guard presented.notBefore <= now, now < presented.notAfter else {
            throw .certificateNotAccepted(fingerprint, .notInForce(peer.name))
        }
        if let pause = attempts.pause(of: peer.id, at: now) { throw .tooManyWrongSecrets(peer.name, pause: pause) }
        guard let bearer, let inbound = peer.inbound else { throw .secretNotAccepted(peer.name) }
        let digest = Credential.federationSecret.digest(of: bearer)
        let isRight = digest.map { inbound.holds($0, at: now) } ?? false
        attempts.note(peer.id, isRight: isRight, at: now)
        guard isRight, let digest else { throw .secretNotAccepted(peer.name) }
        return Caller(peer: peer, firstUses: peer.firstUses(of: presented, digest))
    }
}
