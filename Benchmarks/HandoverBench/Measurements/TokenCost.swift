import BareClient
import Certificates
import HandoverToken
import TestPKI
import TestValues
import Vocabulary

extension Bench {
    /// Issuing and verifying a token beside the bare signature that each cannot do without.
    func measureTokens() throws {
        let now = Timestamp(seconds: Timestamp.present.seconds)
        let own = try TestAuthority()
        let (authority, issuer) = (own.certificate, own.issuer)
        let claims = try claims(authority, at: now)
        let raw = BareSignature(try BareIdentity(certificate: authority.pem, key: own.key.pem.revealText()))
        let message = try Array(issuer.sign(claims).utf8)
        let signature = try raw.sign(message)
        let verifier = TokenVerifier()
        let signers = [TokenVerifier.KnownSigner(certificate: authority, owner: claims.issuer)]

        for _ in 0..<some(50) {
            try time(.sign) { _ = try raw.sign(message) }
            var token = ""
            try time(.tokenIssue) { token = try issuer.sign(claims) }
            try time(.verify) { _ = raw.isValid(signature, for: message) }
            try time(.tokenVerify) {
                _ = try verifier.verify(token, signers: signers, audience: claims.audience, at: now)
            }
        }
    }

    /// The mean of 40 in a row, in microseconds: one alone is near what a clock can tell.
    private func time(_ name: Figure.Name, _ work: () throws -> Void) throws {
        let start = ContinuousClock.now
        for _ in 0..<40 { try work() }
        report.add(name, [(ContinuousClock.now - start) / .microseconds(1) / 40])
    }

    private func claims(_ authority: Certificate, at now: Timestamp) throws -> HandoverClaims {
        HandoverClaims(
            id: .random, issuer: .random, audience: .random, issuedAt: now, expiresAt: now + .seconds(3600),
            leaf: authority.fingerprint,
            agent: .init(
                row: AgentID(version7At: now, random: RandomBytes.generate(10)), instanceUID: BenchAgent.freshUID(),
                displayName: "agent", capabilities: 0xA901, group: "prod", configuration: "base"),
            target: .init(
                name: "us-region", endpoint: try Endpoint("wss://us.example:4320/v1/opamp"),
                serverCAs: try TrustSet([authority]),
                tokenSigners: try TrustSet([authority])),
            source: .init(name: "eu-region", agentCAs: try TrustSet([authority])), epoch: 1,
            probation: .seconds(300))
    }
}
