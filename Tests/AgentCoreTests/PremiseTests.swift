import Certificates
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// A verdict holds as long as what it was given for.
@Suite struct PremiseTests {
    let all = Authorities.shared

    private func world(_ change: (inout AgentConfiguration) -> Void = { _ in }) throws -> World {
        var world = World(try all.configuration(holdsSigners: false, change))
        world.start()
        return world
    }

    private func heartbeat(_ seconds: UInt64, hash: [UInt8]) -> ConnectionSettingsOffers {
        ConnectionSettingsOffers(hash: hash, opamp: OpAMPConnectionSettings(heartbeatIntervalSeconds: seconds))
    }

    private func goTo(_ place: Authorities.Authority, hash: [UInt8]) -> ConnectionSettingsOffers {
        ConnectionSettingsOffers(
            hash: hash,
            opamp: OpAMPConnectionSettings(
                destinationEndpoint: place.endpoint.description,
                certificate: TLSCertificate(cert: Array(all.leaf.pem.utf8)), heartbeatIntervalSeconds: 30,
                tls: TLSConnectionSettings(caPEMContents: place.certificate.pem)))
    }

    @Test func `H13 C60 a content hash that comes back is applied again`() throws {
        var world = try world()
        for seconds in [UInt64(11), 22, 11, 22] {
            world.offer(heartbeat(seconds, hash: [UInt8(seconds)]))
            world.advance(.seconds(2))
            #expect(world.source.statuses.last?.status == .applied)
            #expect(world.source.statuses.last?.lastConnectionSettingsHash == [UInt8(seconds)])
            #expect(world.disk.active.settings.heartbeat == .seconds(Int64(seconds)))
        }
    }

    @Test func `an offer comes again while its failure is on its way, and is not taken then`() throws {
        var world = World(try all.configuration())
        world.start()
        // What it answers next waits for a second.
        world.say(ServerToAgent(flags: .reportFullState))
        world.diskWorks = false
        world.offer(try all.handover(hash: [1]))
        world.diskWorks = true
        world.offer(try all.handover(hash: [1]))
        #expect(world.target.dials.isEmpty && world.disk.candidate == nil)
        world.advance(.seconds(2))
        #expect(world.source.statuses.last?.status == .failed)
        // It was heard.
        world.offer(try all.handover(hash: [1]))
        world.advance(.seconds(5))
        #expect(world.target.dials.count == 1)
    }

    @Test func `an agent that came back is moved again by the offer that moved it before`() throws {
        var world = try world()
        world.offer(goTo(all.target, hash: [1]))
        world.advance(.seconds(400))
        world.offer(goTo(all.source, hash: [2]))
        world.advance(.seconds(400))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint)
        world.offer(goTo(all.target, hash: [1]))
        world.advance(.seconds(5))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
        #expect(world.target.statuses.last?.status == .applied)
    }

    @Test func `a hash is its server's own`() throws {
        var world = try world()
        world.offer(goTo(all.target, hash: [1]))
        world.advance(.seconds(400))
        world.offer(heartbeat(5, hash: [1]))
        world.advance(.seconds(2))
        #expect(world.disk.active.settings.heartbeat == .seconds(5))

        var refused = try self.world()
        refused.target.behaviour = [.fails(DialFailure(.tlsName))]
        refused.offer(goTo(all.target, hash: [1]))
        refused.advance(.seconds(20))
        refused.offer(goTo(all.third, hash: [2]))
        refused.advance(.seconds(400))
        refused.target.behaviour = [.works]
        refused.offer(goTo(all.target, hash: [1]))
        refused.advance(.seconds(20))
        #expect(refused.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `Z4 an offer without a hash is always a new one`() throws {
        var world = try world()
        world.target.behaviour = [.fails(DialFailure(.tlsName)), .works]
        world.offer(goTo(all.target, hash: []))
        world.advance(.seconds(20))
        #expect(world.disk.failedOffers.isEmpty)
        world.offer(goTo(all.target, hash: []))
        world.advance(.seconds(20))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    // MARK: What passes

    static let passing: [MoveCause] = [
        .dns, .tcp, .proxy, .tlsExpired, .serverError, .timeout, .storage, .probation, .http(status: 408),
        .http(status: 425), .http(status: 429), .http(status: 500), .http(status: 503),
    ]

    @Test func `one table says which causes may pass`() {
        let statuses = [400, 401, 403, 404, 405, 408, 413, 421, 425, 429, 500, 502, 503, 504]
        let causes = MoveCause.allFixed + statuses.map { .http(status: $0) }
        let expected = Set(Self.passing + [.http(status: 502), .http(status: 504)])
        #expect(Set(causes.filter(\.mayPass)) == expected)
    }

    @Test func `Z7 what may have passed is tried again after a wait that doubles`() throws {
        var world = try world()
        world.target.behaviour = [.fails(DialFailure(.dns))]
        func tries(after seconds: Int64) -> Bool {
            let dials = world.target.dials.count
            world.advance(.seconds(seconds))
            world.offer(goTo(all.target, hash: [1]))
            world.advance(.seconds(5))
            return world.target.dials.count > dials
        }
        #expect(tries(after: 0))
        #expect(!tries(after: 200) && world.source.statuses.last?.status == .failed)
        #expect(tries(after: 100))
        #expect(!tries(after: 500))
        world.restart()
        #expect(!tries(after: 10) && tries(after: 100))
        world.target.behaviour = [.works]
        #expect(!tries(after: 1100) && tries(after: 100))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `A7 what cannot pass is not tried again, whatever else fails`() throws {
        var world = try world { $0.policy.attemptLimit = 1000 }
        world.target.behaviour = [.fails(DialFailure(.tlsUntrusted))]
        world.offer(goTo(all.target, hash: [1]))
        world.advance(.seconds(5))
        let dials = world.target.dials.count
        for number in UInt8(0)..<40 {
            world.offer(
                ConnectionSettingsOffers(
                    hash: [2, number], opamp: OpAMPConnectionSettings(destinationEndpoint: "ftp://\(number)")))
        }
        world.advance(.seconds(100_000))
        world.offer(goTo(all.target, hash: [1]))
        world.advance(.seconds(5))
        #expect(world.target.dials.count == dials)
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("tls-untrusted") == true)
    }

    @Test func `a verdict keeps the advice of its refusal`() throws {
        var world = World(try Authorities.shared.configuration())
        world.start()
        world.offer(
            ConnectionSettingsOffers(
                hash: [4], opamp: OpAMPConnectionSettings(certificate: TLSCertificate(cert: Array("junk".utf8)))))
        let next = try #require(world.logged(.offerRefused)?["next"])
        #expect(world.disk.verdict?.nextAction == next && next != MoveCause.protocol.nextAction)
        world.restart()
        #expect(world.disk.verdict?.nextAction == next)
    }

    @Test func `a refusal ends with its reason`() throws {
        var world = try world { $0.policy.adoptionLimit = 1 }
        world.offer(goTo(all.target, hash: [1]))
        world.advance(.seconds(301))
        world.offer(goTo(all.third, hash: [2]))
        world.advance(.seconds(2))
        #expect(world.target.statuses.last?.errorMessage.contains("adopted new settings 1 times") == true)
        #expect(world.logged(.offerRefused)?["next"]?.contains("offer again in 5 minutes") == true)
        world.advance(.seconds(300))
        world.offer(goTo(all.third, hash: [2]))
        world.advance(.seconds(2))
        #expect(world.disk.active.settings.endpoint == all.third.endpoint)
    }

    @Test func `F24 an offer that a full disk refused is tried once there is space`() throws {
        var world = try world()
        world.diskWorks = false
        world.offer(goTo(all.target, hash: [1]))
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("storage:") == true)
        world.diskWorks = true
        world.advance(.seconds(60))
        world.offer(goTo(all.target, hash: [1]))
        world.advance(.seconds(5))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `the same refusal is saved and logged once`() throws {
        var world = try world()
        let bad = ConnectionSettingsOffers(hash: [2], opamp: OpAMPConnectionSettings(destinationEndpoint: "ftp://x"))
        for _ in 0..<50 { world.offer(bad) }
        #expect(world.log.filter { $0.event == .offerRefused }.count == 1)
        #expect(world.saves.count == 2, "the start and the verdict")
    }
}
