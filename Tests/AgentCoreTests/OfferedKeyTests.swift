import Certificates
import OpAMPProto
import TestPKI
import Testing
import Vocabulary

@testable import AgentCore

/// Certificates whose private key a server has made.
@Suite struct OfferedKeyTests {
    let all = Authorities.shared
    let pair: TestIdentity

    init() throws { pair = try Authorities.shared.source.own.agent() }

    private func world(_ change: (inout AgentConfiguration) -> Void = { _ in }) throws -> World {
        var world = World(
            try all.configuration {
                $0.policy.acceptsOfferedKeys = true
                change(&$0)
            })
        world.start()
        return world
    }

    private func offer(
        _ pair: TestIdentity, hash: [UInt8] = [1], key: [UInt8]? = nil
    ) -> ConnectionSettingsOffers {
        ConnectionSettingsOffers(
            hash: hash,
            opamp: OpAMPConnectionSettings(
                certificate: TLSCertificate(
                    cert: Array(pair.certificate.pem.utf8), privateKey: key ?? pair.key.pem.reveal()),
                heartbeatIntervalSeconds: 30))
    }

    private var chain: LeafChain { LeafChain(leaf: pair.certificate, offeredKey: pair.key.pem) }

    private func status(_ world: World) -> String? { world.source.statuses.last?.errorMessage }

    @Test func `C58 an offered key is tried with its certificate, and saved with it`() throws {
        var world = try world()
        world.offer(offer(pair))
        #expect(world.source.dials.last?.settings.leaf == chain)
        #expect(world.disk.active.settings.leaf == chain && world.disk.previous?.settings.leaf == all.leaf)
        let read = try AgentState(decoding: world.disk.encoded)
        #expect(read.active.settings.leaf?.offeredKey == pair.key.pem)
        world.restart()
        #expect(world.source.dials.last?.settings.leaf == chain)
        #expect(!"\(world.agent) \(world.log) \(world.source.received)".contains("PRIVATE KEY"))
    }

    @Test func `C58 a pair that the server does not accept leaves the key before`() throws {
        var world = try world()
        world.source.behaviour = [.fails(DialFailure(.tlsLeafRefused)), .works]
        world.offer(offer(pair))
        #expect(world.disk.active.settings.leaf == all.leaf && world.source.dials.last?.settings.leaf == all.leaf)
        #expect(status(world)?.hasPrefix("tls-leaf-refused") == true)
    }

    @Test func `without the policy an offered key is refused, also the one of a pair`() throws {
        var world = try world { $0.policy.acceptsOfferedKeys = false }
        world.offer(offer(pair))
        #expect(status(world)?.contains("offer.private-key-offered") == true && world.source.dials.count == 1)
    }

    @Test func `a key that cannot be used is refused`() throws {
        let other = try all.source.own.agent()
        let keys = [[1], other.key.pem.reveal(), [UInt8](repeating: 65, count: Limits.certificateBytes + 1)]
        for (number, key) in keys.enumerated() {
            var world = try world()
            world.offer(offer(pair, hash: [UInt8(number)], key: key))
            #expect(status(world)?.contains("offer.bad-private-key") == true)
        }
    }

    @Test func `a certificate without a key is for the key that is held, the host's or an offered one`() throws {
        var world = try world()
        world.offer(offer(pair, key: []))
        #expect(status(world)?.contains("offer.certificate-of-another-key") == true)
        world.offer(offer(pair, hash: [2]))
        world.advance(.seconds(400))
        let renewed = try Authorities.leaf(from: all.source, over: pair.key, days: 700)
        world.offer(offer(TestIdentity(certificate: renewed.leaf, key: pair.key), hash: [3], key: []))
        #expect(
            world.disk.active.settings.leaf == LeafChain(leaf: renewed.leaf, offeredKey: pair.key.pem))
        world.advance(.seconds(400))
        world.offer(offer(TestIdentity(certificate: all.leaf.leaf, key: all.agentKey), hash: [4], key: []))
        #expect(world.disk.active.settings.leaf == all.leaf)
    }

    @Test func `the host's own key is not saved a second time`() throws {
        var world = try world()
        world.offer(offer(TestIdentity(certificate: all.leaf.leaf, key: all.agentKey)))
        #expect(world.disk.active.settings.leaf?.offeredKey == nil)
    }

    @Test func `an agent with an offered key asks for no leaf over its own`() throws {
        var world = try world { $0.timings.renewal = .seconds(100 * 365 * 86_400) }
        world.source.received = []
        world.source.capabilities.remove(.acceptsConnectionSettingsRequest)
        world.offer(offer(pair))
        world.source.capabilities.insert(.acceptsConnectionSettingsRequest)
        world.advance(.seconds(10_000))
        #expect(!world.source.received.contains { $0.connectionSettingsRequest != nil })
    }

    @Test func `a handover keeps the leaf, whoever made its key`() throws {
        var world = try world()
        var handover = try all.handover()
        handover.opamp?.certificate = offer(pair).opamp?.certificate
        world.offer(handover)
        #expect(status(world)?.contains("offer.leaf-change-in-handover") == true)
    }
}
