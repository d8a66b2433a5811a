public import Certificates
public import Vocabulary

/// A token whose signature and claims hold. Only the verifier makes one.
public struct VerifiedToken: Hashable, Sendable {
    public let claims: HandoverClaims
    /// SHA-256 over the text form without the white space of a paste: names this very text between two peers.
    public let digest: [UInt8]

    fileprivate init(claims: HandoverClaims, digest: [UInt8]) {
        self.claims = claims
        self.digest = digest
    }
}

/// Runs the checks on a token in their fixed order: size, shape, checksum, header, signer known and owning `iss`,
/// signature, claims.
public struct TokenVerifier: Sendable {
    /// A certificate from someone's recorded `tokenSigners`.
    public struct KnownSigner: Hashable, Sendable {
        public let certificate: Certificate
        /// The peer that must be `iss`; `nil` where only the signer counts, as on an agent.
        public let owner: PeerID?

        public init(certificate: Certificate, owner: PeerID?) {
            self.certificate = certificate
            self.owner = owner
        }
    }

    public init() {}

    /// - Parameters:
    ///   - text: as it was pasted or received.
    ///   - signers: of all peers; keys and certificates inside the token never verify it.
    ///   - audience: who must be `aud`; `nil` where the reader is not a server.
    ///   - purposes: the kinds of token that are welcome here.
    public func verify(
        _ text: String, signers: [KnownSigner], audience: PeerID?, at now: Timestamp,
        expected purposes: Set<HandoverClaims.Purpose> = [.handover]
    ) throws(TokenRefusal) -> VerifiedToken {
        let canonical: [UInt8]
        let signed: SignedText
        let payload: JSON
        do throws(EnvelopeRefusal) {
            canonical = try TokenText.unwrapped(text)
            signed = try SignedText(parts: try TokenText.parts(of: canonical), type: .handover)
            payload = try signed.payload(signedByOneOf: signers, at: now)
        } catch {
            throw .envelope(error)
        }
        let claims: HandoverClaims
        do throws(ClaimDefect) { claims = try HandoverClaims(json: payload) } catch { throw .unacceptableClaim(error) }
        if let audience, claims.audience != audience { throw .wrongAudience(claims.audience) }
        guard purposes.contains(claims.purpose) else { throw .wrongPurpose(claims.purpose) }
        try checkTimes(of: claims, at: now)
        do throws(ClaimDefect) { try claims.checkRules() } catch { throw .unacceptableClaim(error) }
        return VerifiedToken(claims: claims, digest: Digest.sha256(canonical))
    }

    /// RFC 7519 sections 4.1.4 to 4.1.6: at `exp` it is over; both ends are moved by the skew.
    private func checkTimes(of claims: HandoverClaims, at now: Timestamp) throws(TokenRefusal) {
        let start = max(claims.notBefore, claims.issuedAt)
        guard now >= start - HandoverClaims.clockSkew else { throw .notYetValid(from: start) }
        guard now < claims.expiresAt + HandoverClaims.clockSkew else { throw .expired(at: claims.expiresAt) }
    }
}
