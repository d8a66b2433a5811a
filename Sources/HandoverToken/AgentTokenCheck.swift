public import Certificates
public import Vocabulary

/// What an agent asks of the token that came with an offer, before it believes the offer.
public struct AgentTokenCheck: Sendable {
    public let ownLeaf: Fingerprint
    /// Those the agent recorded at its enrolment or its last adoption.
    public let tokenSigners: TokenSigners
    /// The endpoint of the offer.
    public let endpoint: Endpoint
    /// The CA bundle of the offer.
    public let serverCAs: CertificateBundle
    public let currentEpoch: Epoch
    public let purpose: HandoverClaims.Purpose
    /// When the offer arrived. A move may take longer than the rest of a token's life.
    public let receivedAt: Timestamp

    public init(
        ownLeaf: Fingerprint, tokenSigners: TokenSigners, endpoint: Endpoint, serverCAs: CertificateBundle,
        currentEpoch: Epoch, receivedAt: Timestamp, purpose: HandoverClaims.Purpose = .handover
    ) {
        self.ownLeaf = ownLeaf
        self.tokenSigners = tokenSigners
        self.endpoint = endpoint
        self.serverCAs = serverCAs
        self.currentEpoch = currentEpoch
        self.receivedAt = receivedAt
        self.purpose = purpose
    }

    public func check(_ text: String) throws(TokenRefusal) -> VerifiedToken {
        let signers = tokenSigners.certificates.map { TokenVerifier.KnownSigner(certificate: $0, owner: nil) }
        let token = try TokenVerifier().verify(
            text, signers: signers, audience: nil, at: receivedAt, expected: [purpose])
        let claims = token.claims
        guard claims.leaf == ownLeaf else { throw .fingerprintMismatch(named: claims.leaf, own: ownLeaf) }
        guard claims.target.endpoint == endpoint else {
            throw .wrongEndpoint(named: claims.target.endpoint, offered: endpoint)
        }
        guard claims.target.serverCAs.isSameSet(as: serverCAs) else { throw .wrongServerCA }
        guard claims.epoch > currentEpoch else { throw .staleEpoch(named: claims.epoch, held: currentEpoch) }
        return token
    }
}
