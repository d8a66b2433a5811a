public import Certificates
public import Vocabulary

/// Decides who calls the federation interface: certificate first, then secret, both needed (protocol section 5).
public enum PeerAuthentication {
    /// - Parameters:
    ///   - presented: the client certificate of the connection.
    ///   - bearer: the text after `Bearer ` of the `Authorization` header.
    /// - Throws: `FederationRefusal.certificateNotAccepted` (403) or `.secretNotAccepted` (401); both know more than
    ///   the caller is told.
    public static func caller(
        presented: Certificate?,
        bearer: String?,
        peers: [PeerRecord],
        at now: Timestamp
    ) throws(FederationRefusal) -> PeerRecord {
        guard let presented else { throw .certificateNotAccepted(nil, .absent) }
        let fingerprint = presented.fingerprint
        guard let peer = peers.first(where: { $0.pin.holds(presented, at: now) }) else {
            throw .certificateNotAccepted(fingerprint, .notPinned)
        }
        guard peer.enabled else { throw .certificateNotAccepted(fingerprint, .peerDisabled(peer.name)) }
        guard presented.notBefore <= now, now < presented.notAfter else {
            throw .certificateNotAccepted(fingerprint, .notInForce(peer.name))
        }
        guard let inbound = peer.inbound, let bearer,
            let digest = Credential.federationSecret.digest(of: bearer), inbound.holds(digest, at: now)
        else { throw .secretNotAccepted(peer.name) }
        return peer
    }
}
