import Certificates
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// An offer that waits belongs to the server that made it.
@Suite struct WaitingOfferTests {
    let all = Authorities.shared

    /// What its server means for itself, since it names no endpoint.
    func ownSettings() -> ConnectionSettingsOffers {
        ConnectionSettingsOffers(
            hash: [8],
            opamp: OpAMPConnectionSettings(
                headers: Headers(headers: [Header(key: "Authorization", value: "canary")]),
                heartbeatIntervalSeconds: 30,
                tls: TLSConnectionSettings(caPEMContents: all.source.certificate.pem)))
    }

    @Test(arguments: [false, true])
    func `A6 the source's last wish for itself is not applied to the target`(isHTTP: Bool) throws {
        var world = World(try all.configuration(at: isHTTP ? all.source.http : nil))
        world.start()
        world.source.nextAnswer = ServerToAgent(connectionSettings: ownSettings())
        world.target.answersEveryMessage = true
        world.offer(try all.handover(endpoint: isHTTP ? all.target.http : nil))
        world.advance(.seconds(100))
        #expect(world.disk.active.settings.endpoint.host == "target.example")
        #expect(world.target.dials.allSatisfy { $0.settings.headers.isEmpty && $0.settings.trust == all.target.trust })
        #expect(world.disk.verdict?.hash == .named([7]))
        #expect(world.logged(.offerSuperseded)?["offer"] == "08")
    }

    /// The answer to each poll brings it again.
    @Test func `A5 an offer that waits and comes again is not superseded by itself`() throws {
        var world = World(try all.configuration(at: all.source.http))
        world.start()
        let handover = try all.handover(endpoint: all.target.http)
        world.source.offer = handover
        world.offer(ownSettings())
        world.advance(.seconds(100))
        #expect(world.disk.active.settings.endpoint == all.target.http)
        #expect(world.logged(.offerWaits)?["offer"] == "07")
        #expect(world.logged(.offerSuperseded) == nil)
    }

    @Test func `H24 where the move fails the same wish is granted`() throws {
        var world = World(try all.configuration())
        world.start()
        world.source.nextAnswer = ServerToAgent(connectionSettings: ownSettings())
        world.target.behaviour = [.fails(DialFailure(.tlsName))]
        world.offer(try all.handover())
        world.advance(.seconds(5))
        #expect(world.disk.active.settings.headers == [HeaderField("Authorization", Secret("canary"))])
        #expect(world.disk.failedOffers.map(\.verdict.hash) == [.named([7])])
        #expect(world.disk.verdict?.hash == .named([8]))
    }

    @Test func `A8 an offer that is signed again after each failure is not tried without a pause`() throws {
        var world = World(try all.configuration())
        world.target.behaviour = [.fails(DialFailure(.http(status: 403)))]
        world.start()
        for number in UInt8(1)...9 { world.offer(try all.handover(hash: [number])) }
        #expect(world.target.dials.count == 2, "the first failure is repeated at once, the next ones wait")
        #expect(world.timers[.nextTry] != nil)
        world.target.behaviour = [.works]
        world.advance(.seconds(10))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint, "the last offer is tried after the wait")
        #expect(world.target.statuses.last?.lastConnectionSettingsHash == [9])
    }

    @Test func `A8 a failed move delays no move to another server`() throws {
        var world = World(try all.configuration())
        world.target.behaviour = [.fails(DialFailure(.http(status: 403)))]
        world.start()
        for number in UInt8(1)...3 { world.offer(try all.handover(hash: [number])) }
        world.offer(try all.handover(to: all.third, hash: [7], number: 0xC4))
        #expect(world.disk.active.settings.endpoint == all.third.endpoint)
    }
}
