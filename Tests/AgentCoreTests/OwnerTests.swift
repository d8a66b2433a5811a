import Certificates
import OpAMPProto
import TestPKI
import Testing
import Vocabulary

@testable import AgentCore

/// What the host decides in a file stays the host's, whatever servers offer.
@Suite struct OwnerTests {
    let all = Authorities.shared

    private func heartbeat(_ seconds: UInt64) -> ConnectionSettingsOffers {
        ConnectionSettingsOffers(
            hash: [UInt8(seconds)], opamp: OpAMPConnectionSettings(heartbeatIntervalSeconds: seconds))
    }

    /// The operator's PKI renews the file; before, the first adopted heartbeat made the state's leaf the only one.
    @Test func `a certificate from a file is the leaf also after something was adopted`() throws {
        var world = World(try all.configuration { $0.hasLeafOfItsOwn = true })
        world.start()
        world.offer(heartbeat(60))
        world.advance(.seconds(2))
        #expect(world.disk.hasAdopted && world.disk.active.settings.heartbeat == .seconds(60))

        let renewed = LeafChain(leaf: all.third.certificate)
        let next = try all.configuration {
            $0.hasLeafOfItsOwn = true
            $0.server.settings.leaf = renewed
        }
        var after = World(next, state: world.disk)
        after.start()
        #expect(after.source.dials.last?.settings.leaf == renewed)
        #expect(after.disk.active.settings.leaf == renewed && after.disk.active.settings.heartbeat == .seconds(60))
    }

    @Test func `a renewed file takes effect at once, and a trial goes on with the leaf that it began with`() throws {
        let renewed = LeafChain(leaf: all.third.certificate)
        let identity = HeldIdentity(publicKey: all.third.certificate.publicKey, signingRequest: "")
        var world = World(try all.configuration { $0.hasLeafOfItsOwn = true })
        world.start()
        world.run(.leafReplaced(renewed, identity))
        #expect(world.source.dials.map(\.settings.leaf) == [all.leaf, renewed])
        #expect(world.disk.active.settings.leaf == renewed)
        world.run(.leafReplaced(renewed, identity))
        #expect(world.source.dials.count == 2, "nothing is new")

        var trying = World(try all.configuration { $0.hasLeafOfItsOwn = true })
        trying.start()
        trying.target.behaviour = [.silent, .works]
        trying.offer(try all.handover())
        trying.run(.leafReplaced(renewed, identity))
        #expect(trying.target.dials.map(\.settings.leaf) == [all.leaf])
        #expect(trying.disk.candidate?.server.settings.leaf == renewed && trying.disk.active.settings.leaf == renewed)
    }

    @Test func `no server replaces a certificate from a file, nor is it asked to`() throws {
        var world = World(
            try all.configuration {
                $0.hasLeafOfItsOwn = true
                $0.timings.renewal = .seconds(100 * 365 * 86_400)
            })
        world.start()
        world.advance(.seconds(10_000))
        #expect(!world.source.received.contains { $0.connectionSettingsRequest != nil })
        let review = OfferReview(
            active: world.disk.active, policy: OfferPolicy(), ownKey: all.agentKey.publicKey, epoch: 0,
            receivedAt: all.now, hasLeafOfItsOwn: true)
        let held = OpAMPConnectionSettings(certificate: TLSCertificate(cert: Array(all.leaf.pem.utf8)))
        #expect(try review.resolve(held).server.settings.leaf == all.leaf)
        let other = try Authorities.leaf(from: all.source, over: all.agentKey, days: 30)
        let renewal = OpAMPConnectionSettings(certificate: TLSCertificate(cert: Array(other.pem.utf8)))
        #expect(throws: OfferRefusal.leafOfTheHost) { try review.resolve(renewal) }
    }

    // MARK: Absent means unchanged

    private static let bounds = TLSBounds(
        minimum: .tls12, maximum: .tls12, cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"])

    static let members: [(name: String, offered: TLSConnectionSettings, expected: TLSBounds)] = [
        ("nothing", TLSConnectionSettings(), bounds),
        ("min_version", TLSConnectionSettings(minVersion: "1.2"), bounds),
        (
            "max_version", TLSConnectionSettings(maxVersion: "1.3"),
            TLSBounds(minimum: .tls12, maximum: .tls13, cipherSuites: bounds.cipherSuites)
        ),
        (
            "cipher_suites", TLSConnectionSettings(cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]),
            TLSBounds(
                minimum: .tls12, maximum: .tls12, cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"])
        ),
    ]

    @Test(arguments: members)
    func `A6 C56 a TLS bound that an offer leaves out stays as it is`(
        name: String, offered: TLSConnectionSettings, expected: TLSBounds
    ) throws {
        var active = try all.configuration().server
        active.settings.tls = Self.bounds
        let review = OfferReview(
            active: active, policy: OfferPolicy(), ownKey: all.agentKey.publicKey, epoch: 0, receivedAt: all.now)
        #expect(try review.resolve(OpAMPConnectionSettings(tls: offered)).server.settings.tls == expected)
    }

    @Test func `A6 what was trusted unverified by a file lends nothing to another host`() throws {
        var active = try all.configuration(holdsSigners: false).server
        active.settings.skipsVerification = true
        func reading(_ policy: OfferPolicy, to endpoint: String) throws -> ConnectionSettings {
            try OfferReview(
                active: active, policy: policy, ownKey: all.agentKey.publicKey, epoch: 0, receivedAt: all.now
            ).resolve(OpAMPConnectionSettings(destinationEndpoint: endpoint)).server.settings
        }
        #expect(try reading(OfferPolicy(), to: "wss://source.example:4320/other").skipsVerification)
        #expect(try !reading(OfferPolicy(), to: "wss://stranger.example/").skipsVerification)
        #expect(
            try reading(OfferPolicy(allowsSkippingVerification: true), to: "wss://stranger.example/").skipsVerification)
    }

    @Test func `enrolment leaves the token signers that a file names`() throws {
        var world = World(
            try all.configuration(isEnrolled: false) { $0.server.tokenSigners = try? all.third.tokenSigners })
        world.source.nextAnswer = ServerToAgent(
            customMessage: CustomMessage(
                capability: MoveMessage.capability, type: MoveMessage.trustType,
                data: Array(all.source.certificate.pem.utf8)))
        world.start()
        world.offer(
            ConnectionSettingsOffers(
                hash: [1],
                opamp: OpAMPConnectionSettings(
                    certificate: TLSCertificate(cert: Array(all.leaf.pem.utf8)), heartbeatIntervalSeconds: 30)))
        #expect(world.disk.isEnrolled && world.disk.active.settings.leaf == all.leaf)
        #expect(world.disk.active.tokenSigners == (try all.third.tokenSigners))
    }

    // MARK: Renewal

    @Test(arguments: [Int64(1), 90])
    func `a leaf is renewed when a third of its life is left, also without heartbeats`(days: Int64) throws {
        let leaf = try Authorities.leaf(from: all.source, over: all.agentKey, days: days)
        let life = leaf.leaf.notAfter - leaf.leaf.notBefore
        var world = World(
            try all.configuration {
                $0.server.settings.leaf = leaf
                $0.server.settings.heartbeat = nil
            })
        world.start()
        func requests() -> Int { world.source.received.filter { $0.connectionSettingsRequest != nil }.count }
        let due = min(life / 3, .seconds(30 * 86_400))
        world.advance((leaf.leaf.notAfter - due) - world.now)
        #expect(requests() == 0)
        world.advance(world.agent.configuration.timings.renewalCheck + .seconds(1))
        #expect(requests() == 1)
    }
}
