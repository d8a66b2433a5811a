import Certificates
import HandoverToken
import TestPKI
import Testing
import Vocabulary

struct SigningTests {
    private let world = TokenWorld.shared

    @Test(arguments: HandoverClaims.Purpose.allCases)
    func `what the source signs is what the target reads`(purpose: HandoverClaims.Purpose) throws {
        let claims = try world.claims(
            headers: [HeaderField("X-Tenant", Secret("blue berry"))], purpose: purpose)
        let token = try world.verify(try world.source.issuer.sign(claims), expected: [purpose])
        #expect(token.claims == claims)
    }

    @Test func `optional facts may be absent`() throws {
        let claims = try world.claims(group: nil, configuration: nil)
        #expect(try world.verify(try world.source.issuer.sign(claims)).claims == claims)
    }

    @Test func `the text is the same for the same claims apart from the signature`() throws {
        let claims = try world.claims()
        let signer = world.source.issuer
        let (first, second) = (TokenParts(try signer.sign(claims)), TokenParts(try signer.sign(claims)))
        #expect(first.parts[0...2] == second.parts[0...2])
        #expect(first.parts[0] == "opamp-ho")
        #expect(first[2].count == 64)
        #expect(
            String(decoding: first[0], as: UTF8.self)
                == #"{"alg":"ES256","typ":"handover+jwt","x5t#S256":""#
                + world.source.certificate.fingerprint.x5tS256 + #""}"#)
    }

    @Test func `fractions of a second are cut off before signing`() throws {
        let claims = try world.claims(
            issuedAt: Timestamp(milliseconds: world.now.milliseconds + 999), probation: .milliseconds(1999))
        #expect(claims.issuedAt == world.now)
        #expect(claims.probation == .seconds(1))
        #expect(try world.verify(try world.source.issuer.sign(claims)).claims == claims)
    }

    @Test func `the digest names the text without the white space of a paste`() throws {
        let text = try world.source.issuer.sign(try world.claims())
        let token = try world.verify(text)
        #expect(token.digest == Digest.sha256(Array(text.utf8)))
        #expect(try world.verify(" \n" + text + "\r\n") == token)
    }

    @Test func `the same handover is signed again with new times only`() throws {
        let first = try world.claims()
        let later = world.now + .seconds(5000)
        let again = first.reissued(at: later, lifetime: .seconds(600))
        #expect(throws: TokenRefusal.expired(at: first.expiresAt)) {
            try world.verify(try world.source.issuer.sign(first), at: later)
        }
        let token = try world.verify(try world.source.issuer.sign(again), at: later)
        #expect(token.claims.expiresAt == later + .seconds(600))
        #expect(token.claims.issuedAt == later)
        #expect(token.claims.reissued(at: first.issuedAt, lifetime: .seconds(3600)) == first)
    }

    @Test func `a signer is an authority with its own key`() throws {
        #expect(throws: CertificateFailure.keyMismatch) {
            try Issuer(certificate: world.source.certificate, key: world.target.key)
        }
        #expect(throws: CertificateFailure.notAnAuthority(subject: world.leaf.subject)) {
            try Issuer(certificate: world.leaf, key: world.source.key)
        }
    }

    @Test func `a token that would be too large is not signed`() throws {
        let value = Secret(String(repeating: "v", count: 200))
        let claims = try world.claims(headers: (0..<64).map { HeaderField("X-\($0)", value) })
        let signer = world.source.issuer
        do throws(SigningRefusal) {
            _ = try signer.sign(claims)
            Issue.record("a token of more than 16 KiB was signed")
        } catch {
            guard case .tooLarge(let bytes) = error else { throw error }
            #expect(bytes > Limits.tokenBytes)
            #expect(error.operatorMessage.code == "handover.token-would-be-too-large")
        }
    }

    @Test func `a header's value never prints`() throws {
        let claims = try world.claims(headers: [HeaderField("Authorization", Secret("canary-77"))])
        var text = "\(claims) \(String(reflecting: claims))"
        dump(claims, to: &text)
        #expect(!text.contains("canary"))
    }
}
