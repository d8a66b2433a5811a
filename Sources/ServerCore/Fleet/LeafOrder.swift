package import Certificates
package import OpAMPProto
package import Vocabulary

/// A leaf to be issued for a row. Of the signing request only its public key means anything (protocol section 2.4).
package struct LeafOrder: Hashable, Sendable {
    package static let life = Duration.seconds(365 * 24 * 3600)
    /// A leaf is valid a little before it is issued, for hosts whose clock is behind.
    package static let backdating = Duration.seconds(3600)

    package let profile: CertificateProfile
    package let publicKey: PublicKey
    package let subject: String
    package let validity: Validity

    /// - Throws: `FleetRefusal.requestMissing` or `.requestNotValid`.
    package init(_ asked: ConnectionSettingsRequest?, row: AgentID, at now: Timestamp) throws(FleetRefusal) {
        guard let csr = asked?.opamp?.certificateRequest?.csr, !csr.isEmpty else { throw .requestMissing }
        do {
            publicKey = try SigningRequest(pem: String(decoding: csr, as: UTF8.self)).publicKey
        } catch {
            throw .requestNotValid(error.operatorMessage.cause)
        }
        profile = .agentLeaf(row)
        subject = "agent \(row)"
        validity = Validity(notBefore: now - Self.backdating, notAfter: now + Self.life)
    }
}
