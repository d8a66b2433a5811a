import Certificates
import TestPKI
import Testing
import Vocabulary

@testable import HandoverToken

struct TrustStatementTests {
    private let world = TokenWorld.shared

    private func statement(
        version: Int64 = 1, endpoint: String = "wss://eu.example:4320/v1/opamp", issuedAt: Timestamp? = nil
    ) throws -> TrustStatement {
        TrustStatement(
            issuer: world.sourceID, version: version, serverCAs: try TrustSet([world.source.certificate]),
            agentCAs: try TrustSet([world.source.certificate, world.stranger.certificate]),
            tokenSigners: try TrustSet([world.stranger.certificate]), opampEndpoint: try Endpoint(endpoint),
            issuedAt: issuedAt ?? world.now)
    }

    private func read(_ text: String, signers: [Certificate]? = nil, issuer: PeerID? = nil) throws -> TrustStatement {
        try TrustStatement.verified(
            text, signers: try TrustSet(signers ?? [world.source.certificate]), issuer: issuer ?? world.sourceID,
            at: world.now)
    }

    @Test func `what a peer states is what the other reads`() throws {
        let statement = try statement(version: 17)
        #expect(try read(try world.source.issuer.sign(statement)) == statement)
    }

    @Test func `the signers in a statement do not vouch for it`() throws {
        let text = try world.stranger.issuer.sign(try statement())
        let stranger = world.stranger.certificate.fingerprint
        #expect(throws: TrustStatementRefusal.envelope(.unknownSigner(stranger))) { try read(text) }
        _ = try read(text, signers: [world.stranger.certificate])
    }

    @Test func `a peer states only what concerns itself`() throws {
        let text = try world.source.issuer.sign(try statement())
        #expect(throws: TrustStatementRefusal.envelope(.unknownIssuer(world.sourceID))) {
            try read(text, issuer: world.targetID)
        }
    }

    @Test func `a handover token and a trust statement are never taken for one another`() throws {
        let token = try world.source.issuer.sign(try world.claims())
        let inner = token.split(separator: ".")[1...3].joined(separator: ".")
        #expect(throws: TrustStatementRefusal.envelope(.wrongType(.type))) { try read(inner) }
        #expect(throws: TrustStatementRefusal.envelope(.malformed(.parts(5)))) { try read(token) }
        let statement = try world.source.issuer.sign(try statement())
        #expect(throws: TokenRefusal.envelope(.wrongType(.type))) {
            try world.verify(TokenText.armoured(statement))
        }
        #expect(throws: TokenRefusal.envelope(.malformed(.noPrefix))) { try world.verify(statement) }
    }

    @Test func `a statement without a version or over plaintext is refused`() throws {
        let version = ClaimDefect("version", .outOfBounds)
        #expect(throws: SigningRefusal.claim(version)) { try world.source.issuer.sign(try statement(version: 0)) }
        let plain = ClaimDefect("opampEndpoint", .plaintext)
        #expect(throws: SigningRefusal.claim(plain)) {
            try world.source.issuer.sign(try statement(endpoint: "ws://eu.example/v1/opamp"))
        }
    }

    /// Its version says which of two is newer. A reader whose clock is behind must not be left with the old CAs.
    @Test func `a statement is read whenever it was issued`() throws {
        for issued in [world.now + .seconds(3600), world.now - .seconds(400 * 86_400)] {
            #expect(try read(try world.source.issuer.sign(try statement(issuedAt: issued))).issuedAt == issued)
        }
    }

    @Test func `every flipped bit of the text is refused`() throws {
        var text = Array(try world.source.issuer.sign(try statement()).utf8)
        for position in text.indices {
            let bit = UInt8(1) << UInt8(position % 8)
            text[position] ^= bit
            #expect(throws: TrustStatementRefusal.self) { try read(String(decoding: text, as: UTF8.self)) }
            text[position] ^= bit
        }
    }

    @Test func `size is allowed up to the limit and not one more`() {
        let text = String(repeating: "a", count: TrustStatement.sizeLimit)
        #expect(throws: TrustStatementRefusal.envelope(.malformed(.parts(1)))) { try read(text) }
        #expect(throws: TrustStatementRefusal.envelope(.tooLarge(limit: TrustStatement.sizeLimit))) {
            try read(text + "a")
        }
    }

    @Test func `a trust set is read from PEM with nothing but authorities in it`() throws {
        let set = try ServerCAs(pem: world.source.certificate.pem + world.target.certificate.pem)
        #expect(set.certificates == [world.source.certificate, world.target.certificate])
        #expect(set.pem == world.source.certificate.pem + world.target.certificate.pem)
        #expect(throws: TrustSetRefusal.notAnAuthority(world.leaf.fingerprint)) { try AgentCAs(pem: world.leaf.pem) }
        let line = world.source.certificate.pem.count { $0 == "\n" } + 1
        #expect(throws: TrustSetRefusal.unreadable(.pem(.privateKeyInside(line: line)))) {
            try TokenSigners(pem: world.source.certificate.pem + world.source.key.pem.revealText())
        }
        #expect(throws: TrustSetRefusal.empty) { try ServerCAs([]) }
    }
}
