import Certificates
import HandoverToken
import TestPKI
import Testing
import Vocabulary

struct AgentTokenCheckTests {
    private let world = TokenWorld.shared

    private func check(
        _ token: String, ownLeaf: Fingerprint? = nil, signers: [Certificate]? = nil,
        endpoint: String = "wss://eu-west.example:4320/v1/opamp", serverCAs: [Certificate]? = nil, epoch: Epoch = 2,
        after seconds: Int64 = 0
    ) throws -> VerifiedToken {
        try AgentTokenCheck(
            ownLeaf: ownLeaf ?? world.leaf.fingerprint,
            tokenSigners: try TokenSigners(signers ?? [world.source.certificate]),
            endpoint: try Endpoint(endpoint),
            serverCAs: CertificateBundle(serverCAs ?? [world.target.certificate]),
            currentEpoch: epoch, receivedAt: world.now + .seconds(seconds)
        ).check(token)
    }

    private func token(purpose: HandoverClaims.Purpose = .handover) throws -> String {
        let both = [world.target.certificate, world.stranger.certificate]
        return try world.source.issuer.sign(try world.claims(serverCAs: both, purpose: purpose))
    }

    private var both: [Certificate] { [world.target.certificate, world.stranger.certificate] }

    @Test func `the agent believes the token that fits the offer`() throws {
        let claims = try check(try token(), serverCAs: both).claims
        #expect(claims.target.tokenSigners.certificates == [world.target.certificate])
        #expect(claims.epoch == 3)
    }

    @Test func `the order of the offer's certificates does not matter, and their set does`() throws {
        _ = try check(try token(), serverCAs: both.reversed())
        for set in [[], [world.target.certificate], both + [world.source.certificate]] {
            #expect(throws: TokenRefusal.wrongServerCA) { try check(try token(), serverCAs: set) }
        }
    }

    @Test func `only a recorded signer counts`() throws {
        let source = world.source.certificate.fingerprint
        #expect(throws: TokenRefusal.envelope(.unknownSigner(source))) {
            try check(try token(), signers: [world.target.certificate], serverCAs: both)
        }
    }

    @Test func `the token is bound to the agent's own leaf`() throws {
        let other = try #require(Fingerprint(bytes: [UInt8](repeating: 5, count: 32)))
        #expect(throws: TokenRefusal.fingerprintMismatch(named: world.leaf.fingerprint, own: other)) {
            try check(try token(), ownLeaf: other, serverCAs: both)
        }
    }

    @Test(arguments: [
        "wss://eu-west.example:4321/v1/opamp", "https://eu-west.example:4320/v1/opamp",
        "wss://eu-west.example:4320/v1/other", "wss://evil.example:4320/v1/opamp",
    ])
    func `the token is for the endpoint that is offered`(endpoint: String) throws {
        let named = try Endpoint("wss://eu-west.example:4320/v1/opamp")
        #expect(throws: TokenRefusal.wrongEndpoint(named: named, offered: try Endpoint(endpoint))) {
            try check(try token(), endpoint: endpoint, serverCAs: both)
        }
    }

    @Test func `the token must be newer than the agent's last move`() throws {
        for held in [3, 4, Epoch.max] {
            #expect(throws: TokenRefusal.staleEpoch(named: 3, held: held)) {
                try check(try token(), serverCAs: both, epoch: held)
            }
        }
    }

    @Test func `it counts when the offer arrived`() throws {
        _ = try check(try token(), serverCAs: both, after: 3600)
        #expect(throws: TokenRefusal.expired(at: world.now + .seconds(3600))) {
            try check(try token(), serverCAs: both, after: 3660)
        }
    }

    @Test func `a standby token does not come with an offer`() throws {
        #expect(throws: TokenRefusal.wrongPurpose(.standby)) {
            try check(try token(purpose: .standby), serverCAs: both)
        }
    }
}
