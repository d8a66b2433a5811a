import Certificates
import HandoverToken
import TestPKI
import TestValues
import Testing
import Vocabulary

/// A token that is wrong in every way is mended from the outside in; each mend brings the next refusal.
struct CheckOrderTests {
    private let world = TokenWorld.shared

    private func refusal(
        of text: String, signers: [TokenVerifier.KnownSigner]? = nil, at time: Timestamp? = nil
    ) -> TokenRefusal? {
        do throws(TokenRefusal) {
            _ = try TokenVerifier().verify(
                text, signers: signers ?? world.signers, audience: world.targetID, at: time ?? world.now)
            return nil
        } catch {
            return error
        }
    }

    @Test func `size, shape, checksum, header, signer, signature, claims`() throws {
        let late = world.now + .seconds(90_000)
        let claims = try world.claims(audience: PeerID(repeating: 0x99), epoch: 0, purpose: .standby)
        let badHeader = world.header([("typ", .string("JWT"))])
        let payload = world.payload(of: claims)
        // Signed by a stranger, although the header names the source's certificate.
        let forged = try world.token(payload: payload, header: badHeader, signedBy: world.stranger)

        let huge = String(forged.dropLast()) + String(repeating: "!", count: Limits.tokenBytes)
        #expect(refusal(of: huge) == .envelope(.tooLarge(limit: Limits.tokenBytes)))
        #expect(refusal(of: String(forged.dropLast()) + "!") == .envelope(.malformed(.checksumForm)))
        let other = forged.hasSuffix("0") ? "1" : "0"
        #expect(refusal(of: String(forged.dropLast()) + other) == .envelope(.badChecksum))
        #expect(refusal(of: forged) == .envelope(.wrongType(.type)))

        let typed = try world.token(payload: payload, signedBy: world.stranger)
        let notOurs = world.signers.filter { $0.owner != world.sourceID }
        #expect(refusal(of: typed, signers: notOurs) == .envelope(.unknownIssuer(world.sourceID)))
        let otherKey = [TokenVerifier.KnownSigner(certificate: world.target.certificate, owner: world.sourceID)]
        let named = world.source.certificate.fingerprint
        #expect(refusal(of: typed, signers: otherKey) == .envelope(.unknownSigner(named)))
        #expect(refusal(of: typed) == .envelope(.badSignature))

        let signed = try world.token(payload: payload)
        #expect(refusal(of: signed, at: late) == .wrongAudience(PeerID(repeating: 0x99)))
        let addressed = payload.replacing([("aud", .string(world.targetID.description))])
        #expect(refusal(of: try world.token(payload: addressed), at: late) == .wrongPurpose(.standby))
        let meant = addressed.replacing([("purpose", .string("handover"))])
        #expect(refusal(of: try world.token(payload: meant), at: late) == .expired(at: claims.expiresAt))
        let timely = try world.token(payload: meant)
        #expect(refusal(of: timely) == .unacceptableClaim(ClaimDefect("epoch", .outOfBounds)))
        #expect(refusal(of: try world.token(payload: meant.replacing([("epoch", .integer(1))]))) == nil)
    }

    @Test func `a peer's key cannot speak for another peer`() throws {
        let header = world.header([("x5t#S256", .string(world.target.certificate.fingerprint.x5tS256))])
        let token = try world.token(
            payload: world.payload(of: world.claims()), header: header, signedBy: world.target)
        #expect(refusal(of: token) == .envelope(.unknownSigner(world.target.certificate.fingerprint)))
    }

    @Test func `a certificate inside the token never verifies it`() throws {
        // The target's own CA stands in the token as tokenSigners; it is no signer of the source for that.
        let header = world.header([("x5t#S256", .string(world.target.certificate.fingerprint.x5tS256))])
        let token = try world.token(
            payload: world.payload(of: world.claims()), header: header, signedBy: world.target)
        let onlySource = world.signers.filter { $0.owner == world.sourceID }
        let named = world.target.certificate.fingerprint
        #expect(refusal(of: token, signers: onlySource) == .envelope(.unknownSigner(named)))
    }

    @Test func `a signer may sign only while it is valid, an authority and on P-256`() throws {
        let old = try TestAuthority("old CA", validity: .around(world.now, days: 1))
        let later = world.now + .seconds(2 * 86_400)
        let claims = try world.claims(issuedAt: later)
        let token = try old.issuer.sign(claims)
        let signers = [TokenVerifier.KnownSigner(certificate: old.certificate, owner: world.sourceID)]
        let problem = EnvelopeRefusal.SignerDefect.certificate([.expired(old.certificate)])
        #expect(
            refusal(of: token, signers: signers, at: later)
                == .envelope(.unusableSigner(old.certificate.fingerprint, problem)))

        let leaf = try world.source.agent().certificate
        let header = world.header([("x5t#S256", .string(leaf.fingerprint.x5tS256))])
        let forged = try world.token(payload: world.payload(of: world.claims()), header: header)
        guard
            case .envelope(.unusableSigner(leaf.fingerprint, .certificate)) = refusal(
                of: forged, signers: [.init(certificate: leaf, owner: world.sourceID)])
        else {
            Issue.record("a leaf was taken as a signer")
            return
        }
    }

    @Test(
        arguments: [
            (-61, TokenRefusal.notYetValid(from: TokenWorld.shared.now)), (-60, nil), (0, nil), (3659, nil),
            (3660, .expired(at: TokenWorld.shared.now + .seconds(3600))),
        ] as [(Int64, TokenRefusal?)])
    func `a minute of skew is forgiven at both ends and not more`(offset: Int64, expected: TokenRefusal?) throws {
        let token = try world.source.issuer.sign(try world.claims())
        #expect(refusal(of: token, at: world.now + .seconds(offset)) == expected)
    }

    @Test func `a token that begins later, or was issued in the future, is not valid yet`() throws {
        let begin = world.now + .seconds(600)
        let later = try world.source.issuer.sign(try world.claims(notBefore: begin))
        #expect(refusal(of: later) == .notYetValid(from: begin))
        #expect(refusal(of: later, at: begin - .seconds(60)) == nil)
        let future = try world.source.issuer.sign(try world.claims(issuedAt: begin, notBefore: world.now))
        #expect(refusal(of: future) == .notYetValid(from: begin))
    }
}
