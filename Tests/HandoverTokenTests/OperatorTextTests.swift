import Certificates
import HandoverToken
import Testing
import Vocabulary

struct OperatorTextTests {
    private static let world = TokenWorld.shared
    private static let fingerprint = world.leaf.fingerprint

    static let envelope: [(EnvelopeRefusal, String)] = [
        (.tooLarge(limit: 1), "too-large"), (.malformed(.foreignCharacter("\u{200B}")), "malformed"),
        (.malformed(.noPrefix), "malformed"), (.malformed(.parts(2)), "malformed"),
        (.malformed(.encoding), "malformed"),
        (.malformed(.checksumForm), "malformed"), (.malformed(.headerNotJSON), "malformed"),
        (.malformed(.payloadNotJSON), "malformed"), (.malformed(.noIssuer), "malformed"),
        (.badChecksum, "bad-checksum"), (.wrongType(.type), "wrong-type"), (.wrongType(.algorithm), "wrong-type"),
        (.wrongType(.signer), "wrong-type"), (.wrongType(.unexpectedMember), "wrong-type"),
        (.unknownIssuer(world.sourceID), "unknown-issuer"), (.unknownSigner(fingerprint), "unknown-signer"),
        (.unusableSigner(fingerprint, .keyType), "signer-not-usable"),
        (.unusableSigner(fingerprint, .certificate([.expired(world.leaf)])), "signer-not-usable"),
        (.badSignature, "bad-signature"),
    ]

    static let token: [(TokenRefusal, String)] =
        envelope.map { (.envelope($0.0), $0.1) }
        + [
            (.wrongAudience(world.targetID), "wrong-audience"), (.wrongPurpose(.handover), "wrong-purpose"),
            (.wrongPurpose(.standby), "wrong-purpose"), (.notYetValid(from: world.now), "not-yet-valid"),
            (.expired(at: world.now), "expired"), (.staleEpoch(named: 1, held: 2), "stale-epoch"),
            (.fingerprintMismatch(named: fingerprint, own: fingerprint), "fingerprint-mismatch"),
            (.wrongServerCA, "wrong-server-ca"),
        ]
        + [
            .missing, .wrongForm, .outOfBounds, .unsafeText, .unexpectedMember, .lifetime, .audienceIsIssuer,
            .plaintext, .endpoint(.badPort), .trustSet(.empty), .trustSet(.tooMany(9)), .trustSet(.repeated),
            .trustSet(.notAnAuthority(fingerprint)), .trustSet(.unreadable(.keyMismatch)),
        ].map { (.unacceptableClaim(ClaimDefect("x", $0)), "unacceptable-claim") }

    private func expectWords(_ message: OperatorMessage, code: String) {
        #expect(message.code == code)
        #expect(!message.title.isEmpty && !message.title.hasSuffix("."))
        #expect(message.cause.hasSuffix(".") && message.nextAction.hasSuffix("."))
        #expect(!message.description.contains("\n"))
    }

    @Test(arguments: token) func `each refusal of a token has its code and words`(refusal: TokenRefusal, name: String) {
        expectWords(refusal.operatorMessage, code: "handover." + name)
    }

    @Test(arguments: envelope)
    func `each refusal of a trust statement has its code and words`(refusal: EnvelopeRefusal, name: String) {
        expectWords(TrustStatementRefusal.envelope(refusal).operatorMessage, code: "trust-bundle." + name)
    }

    @Test func `the remaining refusals have their words too`() throws {
        let defect = ClaimDefect("version", .outOfBounds)
        expectWords(
            TrustStatementRefusal.unacceptableClaim(defect).operatorMessage, code: "trust-bundle.unacceptable-claim")
        expectWords(SigningRefusal.claim(defect).operatorMessage, code: "handover.claim-not-signable")
        expectWords(SigningRefusal.tooLarge(bytes: 20_000).operatorMessage, code: "handover.token-would-be-too-large")
        expectWords(SigningRefusal.key(.keyMismatch).operatorMessage, code: "handover.signing-failed")
        let endpoint = try Endpoint("wss://a.example")
        expectWords(
            TokenRefusal.wrongEndpoint(named: endpoint, offered: endpoint).operatorMessage,
            code: "handover.wrong-endpoint")
    }
}
