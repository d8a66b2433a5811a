import HandoverToken
import TestPKI
import Testing
import Vocabulary

/// Each rule is asked twice: the signer does not sign such claims, and the verifier does not believe them when someone
/// signed them all the same.
struct ClaimRuleTests {
    private let world = TokenWorld.shared

    struct Case: Sendable, CustomTestStringConvertible {
        let claim: String
        let reason: ClaimDefect.Reason
        let make: @Sendable (TokenWorld) throws -> HandoverClaims
        var testDescription: String { "\(claim) \(reason)" }

        init(
            _ claim: String, _ reason: ClaimDefect.Reason,
            _ make: @escaping @Sendable (TokenWorld) throws -> HandoverClaims
        ) {
            (self.claim, self.reason, self.make) = (claim, reason, make)
        }

        static func header(_ name: String, _ value: String) -> Case {
            Case("target.headers", .unsafeText) {
                try $0.claims(headers: [HeaderField(name, Secret(value))])
            }
        }
    }

    @Test(arguments: [
        Case("exp", .lifetime) { try $0.claims(expiresAt: $0.now + .seconds(59)) },
        Case("exp", .lifetime) { try $0.claims(expiresAt: $0.now + .seconds(24 * 3600 + 1)) },
        Case("exp", .lifetime) { try $0.claims(expiresAt: $0.now + .seconds(30 * 24 * 3600 + 1), purpose: .standby) },
        Case("nbf", .outOfBounds) {
            try $0.claims(issuedAt: $0.now - .seconds(60), notBefore: $0.now, expiresAt: $0.now)
        },
        Case("epoch", .outOfBounds) { try $0.claims(epoch: 0) },
        Case("probation", .outOfBounds) { try $0.claims(probation: .seconds(86_401)) },
        Case("target.endpoint", .plaintext) { try $0.claims(endpoint: "ws://a.example/v1/opamp") },
        Case("target.endpoint", .plaintext) { try $0.claims(endpoint: "http://a.example/v1/opamp") },
        Case("target.name", .unsafeText) { try $0.claims(targetName: "") },
        Case("target.name", .unsafeText) { try $0.claims(targetName: "eu/west") },
        Case("source.name", .unsafeText) { try $0.claims(sourceName: "eu\nwest") },
        Case("display_name", .unsafeText) { try $0.claims(displayName: "") },
        Case("display_name", .unsafeText) { try $0.claims(displayName: "a\r\nlevel=error forged") },
        Case("display_name", .unsafeText) { try $0.claims(displayName: "a\u{1B}[2J") },
        Case("display_name", .unsafeText) { try $0.claims(displayName: "a\u{202E}gpj.exe") },
        Case("display_name", .unsafeText) { try $0.claims(displayName: "a\u{200B}b") },
        Case("display_name", .unsafeText) { try $0.claims(displayName: "a\u{2028}b") },
        Case("display_name", .unsafeText) { try $0.claims(displayName: "a\u{0}") },
        Case("display_name", .unsafeText) { try $0.claims(displayName: String(repeating: "x", count: 257)) },
        Case("group", .unsafeText) { try $0.claims(group: "../etc") },
        Case("configuration", .unsafeText) { try $0.claims(configuration: "a b") },
        Case("target.headers", .outOfBounds) {
            try $0.claims(headers: (0...Limits.offeredHeaders).map { HeaderField("X-\($0)", Secret("v")) })
        },
        .header("", "v"), .header("X:", "v"), .header("X Y", "v"), .header("X\r\nY", "v"), .header("\u{E9}", "v"),
        .header("X", "a\r\nHost: b"), .header("X", "a\nb"), .header("X", "a\u{0}"), .header("X", " a"),
        .header("X", "a\t"), .header("X", "\u{E9}"), .header("X", "a\u{7F}"),
    ])
    func `no token says what no token may say`(rule: Case) throws {
        let claims = try rule.make(world)
        let defect = ClaimDefect(rule.claim, rule.reason)
        #expect(throws: SigningRefusal.claim(defect)) { try world.source.issuer.sign(claims) }
        let forced = try world.token(payload: world.payload(of: claims))
        #expect(throws: TokenRefusal.unacceptableClaim(defect)) {
            try world.verify(forced, expected: [.handover, .standby])
        }
    }

    @Test(arguments: [
        Case("exp", .lifetime) { try $0.claims(expiresAt: $0.now + .seconds(60)) },
        Case("exp", .lifetime) { try $0.claims(expiresAt: $0.now + .seconds(24 * 3600)) },
        Case("exp", .lifetime) { try $0.claims(expiresAt: $0.now + .seconds(30 * 24 * 3600), purpose: .standby) },
        Case("epoch", .outOfBounds) { try $0.claims(epoch: 1) },
        Case("epoch", .outOfBounds) { try $0.claims(epoch: Epoch(Int64.max)) },
        Case("probation", .outOfBounds) { try $0.claims(probation: .zero) },
        Case("probation", .outOfBounds) { try $0.claims(probation: .seconds(1)) },
        Case("probation", .outOfBounds) { try $0.claims(probation: .seconds(86_400)) },
        Case("display_name", .unsafeText) { try $0.claims(displayName: String(repeating: "x", count: 256)) },
        Case("capabilities", .outOfBounds) { try $0.claims(capabilities: UInt64(Int64.max)) },
        Case("target.endpoint", .plaintext) { try $0.claims(endpoint: "https://[::1]:1/v1/opamp") },
        Case("target.headers", .outOfBounds) {
            try $0.claims(headers: (0..<Limits.offeredHeaders).map { HeaderField("X-\($0)", Secret("")) })
        },
        .header("Proxy-Authorization", "a \t~!b"),
    ])
    func `the bounds themselves are allowed`(rule: Case) throws {
        let claims = try rule.make(world)
        let token = try world.verify(try world.source.issuer.sign(claims), expected: [claims.purpose])
        #expect(token.claims == claims)
    }

    @Test func `nobody hands an agent over to itself`() throws {
        let claims = try world.claims(audience: world.sourceID)
        #expect(throws: SigningRefusal.claim(ClaimDefect("aud", .audienceIsIssuer))) {
            try world.source.issuer.sign(claims)
        }
    }

    @Test func `capabilities that no claim can hold are not signed`() throws {
        #expect(throws: SigningRefusal.claim(ClaimDefect("capabilities", .outOfBounds))) {
            try world.source.issuer.sign(try world.claims(capabilities: 1 << 63))
        }
    }
}
