import Certificates
import HandoverToken
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// Offered settings of connections that are the host program's.
@Suite struct HostOfferTests {
    let all = Authorities.shared
    let metrics = TelemetryConnectionSettings(
        destinationEndpoint: "https://metrics.example/",
        headers: Headers(headers: [Header(key: "Authorization", value: "canary-metrics")]))

    /// Its host takes metrics and other connections, and neither traces nor logs.
    private func world(_ change: (inout AgentConfiguration) -> Void = { _ in }) throws -> World {
        var world = World(
            try all.configuration {
                $0.capabilities.formUnion([.reportsOwnMetrics, .acceptsOtherConnectionSettings])
                change(&$0)
            })
        world.start()
        return world
    }

    private func offer(_ hash: [UInt8] = [8], heartbeat: UInt64? = nil) -> ConnectionSettingsOffers {
        ConnectionSettingsOffers(
            hash: hash, opamp: heartbeat.map { OpAMPConnectionSettings(heartbeatIntervalSeconds: $0) },
            ownMetrics: metrics, ownTraces: metrics,
            otherConnections: ["store": OtherConnectionSettings(destinationEndpoint: "https://store.example/")])
    }

    private func asked(_ world: World) -> [ConnectionSettingsOffers] {
        world.directives.compactMap { if case .applyConnections(_, let offers) = $0 { offers } else { nil } }
    }

    private func statuses(_ world: World) -> [ConnectionSettingsStatuses] { world.source.statuses.map(\.status) }

    @Test func `C53 the host gets what it takes, and its answer is the offer's status`() throws {
        var world = try world()
        world.offer(offer())
        var expected = offer()
        expected.ownTraces = nil
        #expect(asked(world) == [expected])
        #expect(statuses(world) == [.applying])
        world.run(.connectionsApplied(.named([8])))
        #expect(statuses(world) == [.applying, .applied])
        #expect(world.disk.hostOffer == nil && !world.disk.hasAdopted)
    }

    @Test func `a host that refuses makes the offer fail with its reason, and is not asked again`() throws {
        var world = try world()
        world.offer(offer())
        world.run(.connectionsRejected(.named([8]), reason: "no route\nto it"))
        let told = try #require(world.source.statuses.last)
        #expect(told.status == .failed && told.errorMessage.hasPrefix("policy: offer.rejected-by-host: "))
        #expect(told.errorMessage.hasSuffix("no route?to it"))
        world.restart()
        world.offer(offer())
        world.advance(.seconds(100_000))
        #expect(asked(world).count == 1)
        #expect(world.source.statuses.last == told)
        world.offer(offer([9]))
        #expect(asked(world).count == 2)
    }

    @Test func `the OpAMP part is in force before the host is asked, and stays in force when the host refuses`() throws
    {
        var world = try world()
        world.offer(offer(heartbeat: 77))
        #expect(world.disk.active.settings.heartbeat == .seconds(77) && asked(world).count == 1)
        #expect(asked(world)[0].opamp == nil)
        world.run(.connectionsRejected(.named([8]), reason: "no"))
        #expect(
            world.source.statuses.last?.errorMessage.contains("the OpAMP settings of the offer are in force") == true)
        #expect(world.disk.active.settings.heartbeat == .seconds(77))
    }

    @Test func `a host is not asked about an offer whose OpAMP part is refused or fails`() throws {
        var world = try world()
        var refused = offer(heartbeat: 30)
        refused.opamp?.destinationEndpoint = "ftp://x/"
        world.offer(refused)
        world.target.behaviour = [.fails(DialFailure(.tlsName))]
        var failing = try all.handover()
        failing.ownMetrics = metrics
        world.offer(failing)
        world.advance(.seconds(3))
        #expect(asked(world).isEmpty && world.disk.hostOffer == nil)
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("tls-name") == true)
    }

    @Test(arguments: [false, true])
    func `the host's part of a move waits for its end, also over a restart`(restarts: Bool) throws {
        var world = try world()
        world.target.behaviour = restarts ? [.silent, .works] : [.works]
        var offer = try all.handover()
        offer.ownMetrics = metrics
        world.offer(offer)
        if restarts {
            #expect(asked(world).isEmpty)
            world.restart()
        }
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
        #expect(asked(world).map(\.ownMetrics) == [metrics])
        #expect(world.disk.verdict == nil)
        world.run(.connectionsApplied(.named(offer.hash)))
        #expect(world.target.statuses.map(\.status).last == .applied)
    }

    @Test func `a process that ends before the host has answered leaves the question to the next one`() throws {
        var world = try world()
        world.offer(offer())
        world.restart()
        #expect(asked(world).count == 2)
        world.offer(offer())
        #expect(asked(world).count == 2 && world.logged(.offerRepeated) != nil)
        world.run(.connectionsApplied(.named([8])))
        world.restart()
        world.offer(offer())
        #expect(asked(world).count == 2, "what was applied is not offered to the host again")
    }

    @Test func `a host that never answers holds no other offer up`() throws {
        var world = try world()
        world.offer(offer())
        world.offer(try all.handover())
        #expect(world.disk.active.settings.endpoint == all.target.endpoint && world.disk.hostOffer == nil)
        let statuses = world.target.statuses
        world.run(.connectionsRejected(.named([8]), reason: "too late"))
        #expect(world.target.statuses == statuses && world.logged(.offerRefused) == nil)
    }

    @Test func `of offers for the host that wait the last one counts, and OpAMP settings keep their place`() throws {
        var world = try self.world()
        world.agent.waitingOffer = WaitingOffer(
            offers: offer([1]), origin: all.source.endpoint.origin, receivedAt: world.now)
        world.offer(offer([2]))
        #expect(asked(world).map(\.hash) == [[2]] && world.logged(.offerSuperseded)?["offer"] == "01")
        world.agent.waitingOffer = WaitingOffer(
            offers: offer([3], heartbeat: 40), origin: all.source.endpoint.origin, receivedAt: world.now)
        world.offer(offer([4]))
        #expect(world.agent.waitingOffer?.offers.hash == [3] && asked(world).count == 1)
    }

    @Test func `Z10 what no host takes is refused, and what comes with OpAMP settings is left out`() throws {
        var world = World(try all.configuration())
        world.start()
        world.offer(offer())
        #expect(world.source.statuses.last?.errorMessage.contains("offer.other-settings-only") == true)
        world.offer(offer([9], heartbeat: 50))
        world.advance(.seconds(2))
        #expect(world.source.statuses.last?.status == .applied && asked(world).isEmpty)
    }

    private func granted() throws -> ConnectionSettingsOffers {
        var granted = offer()
        granted.otherConnections[StandbyGrant.connection] = OtherConnectionSettings(
            destinationEndpoint: all.target.endpoint.description,
            otherSettings: [StandbyGrant.tokenSetting: try all.token(purpose: .standby)],
            tls: TLSConnectionSettings(caPEMContents: all.target.certificate.pem))
        return granted
    }

    @Test func `of an offer that fails no standby grant is held`() throws {
        var rejected = try world { $0.standby = StandbyPolicy() }
        rejected.offer(try granted())
        #expect(rejected.disk.standby != nil)
        rejected.run(.connectionsRejected(.named([8]), reason: "no"))
        #expect(rejected.source.statuses.last?.status == .failed && rejected.disk.standby == nil)

        var large = try granted()
        large.otherConnections["store"]?.otherSettings["key"] = String(repeating: "x", count: HostOffer.longest)
        var refused = try world { $0.standby = StandbyPolicy() }
        refused.offer(large)
        #expect(refused.source.statuses.last?.status == .failed && refused.disk.standby == nil)
    }

    @Test func `a host that answers while the agent tries its standby server is heard`() throws {
        var world = try world {
            $0.standby = StandbyPolicy()
            $0.backoff.maximum = .seconds(60)
        }
        world.offer(try granted())
        world.source.behaviour = [.fails(DialFailure(.tcp))]
        world.target.behaviour = [.silent]
        world.breakLine()
        world.advance(.seconds(1200), until: { $0.disk.candidate?.isStandby == true })
        #expect(world.disk.candidate?.hash == .named([8]))
        world.run(.connectionsApplied(.named([8])))
        #expect(world.disk.hostOffer == nil && world.disk.verdict?.outcome == .applied)
        world.source.behaviour = [.works]
        world.advance(.seconds(300))
        #expect(world.disk.candidate == nil && world.source.statuses.last?.status == .applied)
    }

    @Test func `a standby grant is the agent's, and what comes with it the host's`() throws {
        var world = World(
            try all.configuration {
                $0.standby = StandbyPolicy()
                $0.capabilities.insert(.acceptsOtherConnectionSettings)
            })
        world.start()
        world.offer(try granted())
        #expect(world.disk.standby?.hash == .named([8]))
        #expect(asked(world).map { $0.otherConnections.keys.sorted() } == [["store"]])
        world.run(.connectionsApplied(.named([8])))
        #expect(world.source.statuses.last?.status == .applied)

        var alone = World(try all.configuration { $0.standby = StandbyPolicy() })
        alone.start()
        #expect(alone.source.received[0].capabilities.contains(.acceptsOtherConnectionSettings))
        alone.offer(offer())
        #expect(alone.source.statuses.last?.errorMessage.contains("offer.other-settings-only") == true)
    }

    @Test func `C37 a host can take its own part although the agent takes no OpAMP settings`() throws {
        var world = try world { $0.capabilities.remove(.acceptsOpAMPConnectionSettings) }
        world.offer(offer(heartbeat: 77))
        #expect(world.disk.active.settings.heartbeat == .seconds(30) && asked(world).count == 1)
    }

    @Test func `C59 without a place for its state the host is not asked`() throws {
        var world = try world()
        world.diskWorks = false
        world.offer(offer())
        #expect(asked(world).isEmpty)
        #expect(world.source.statuses.last?.errorMessage.contains("offer.state-not-writable") == true)
    }

    @Test func `an offer that does not fit into the state is refused`() throws {
        var world = try world()
        var large = offer()
        large.otherConnections["store"]?.otherSettings["key"] = String(repeating: "x", count: HostOffer.longest)
        world.offer(large)
        #expect(world.source.statuses.last?.errorMessage.contains("offer.too-large") == true && asked(world).isEmpty)
    }
}
