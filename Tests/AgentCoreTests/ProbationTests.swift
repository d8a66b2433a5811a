import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

@Suite struct ProbationTests {
    let all = Authorities.shared

    /// An agent that has just arrived at the target.
    func arrived(longestWait: Duration = .seconds(300)) throws -> World {
        var world = World(try all.configuration { $0.backoff.maximum = longestWait })
        world.start()
        world.offer(try all.handover())
        #expect(world.disk.previous != nil && world.disk.probation?.length == .seconds(300))
        return world
    }

    @Test func `a target that stays settles the move`() throws {
        var world = try arrived()
        world.advance(.milliseconds(299_999))
        #expect(world.disk.previous != nil)
        world.advance(.milliseconds(1))
        #expect(world.disk.previous == nil && world.disk.probation == nil && world.logged(.moveSettled) != nil)
        #expect(world.disk.handoverID != nil, "it is still told in every first report")
    }

    @Test func `F15 a target lost for the whole probation is left, and the source is told why`() throws {
        var world = try arrived()
        world.advance(.seconds(100))
        world.target.behaviour = [.fails(LineFailure(cause: .tcp))]
        world.breakLine()
        world.advance(.seconds(299))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint, "not before it was lost for that long")
        world.advance(.seconds(2))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint)
        #expect(world.disk.active.tokenSigners == (try all.source.tokenSigners))
        let status = try #require(world.source.statuses.last)
        #expect(status.status == .failed && status.errorMessage.hasPrefix("probation:"))
        #expect(status.lastConnectionSettingsHash == [7])
        #expect(world.disk.previous == nil && world.disk.probation == nil)
    }

    @Test func `a target that comes back keeps the agent, and settles with its answer`() throws {
        var world = try arrived(longestWait: .seconds(30))
        world.advance(.seconds(290))
        world.target.behaviour = [.fails(LineFailure(cause: .tcp))]
        world.breakLine()
        world.advance(.seconds(200))
        #expect(world.disk.probation != nil, "over, but not while the target is lost")
        world.target.behaviour = [.works]
        world.advance(.seconds(60))
        #expect(world.disk.probation == nil && world.disk.active.settings.endpoint == all.target.endpoint)
        #expect(world.timers[.lost] == nil)
    }

    @Test func `with both servers gone each is tried in turn until one answers`() throws {
        var world = try arrived()
        world.target.behaviour = [.fails(LineFailure(cause: .tcp))]
        world.source.behaviour = [.fails(LineFailure(cause: .tcp))]
        world.breakLine()
        let before = (world.source.dials.count, world.target.dials.count)
        world.advance(.seconds(3000))
        #expect(world.source.dials.count - before.0 >= 5 && world.target.dials.count - before.1 > 10)
        #expect(world.disk.active.settings.endpoint == all.target.endpoint && world.disk.previous != nil)
        world.target.behaviour = [.works]
        world.advance(.seconds(90_000)) { $0.disk.probation == nil }
        #expect(world.disk.active.settings.endpoint == all.target.endpoint && world.disk.probation == nil)
    }

    @Test func `a way back that fails is kept for a day, since the source may have taken the agent back`() throws {
        var world = try arrived(longestWait: .seconds(10))
        world.target.behaviour = [.fails(LineFailure(cause: .tcp))]
        world.source.behaviour = [.closesAtOnce]
        world.breakLine()
        world.advance(.seconds(310))
        #expect(world.source.dials.count == 2, "the way back was tried, and the line broke before the answer")
        world.target.behaviour = [.works]
        world.advance(.seconds(80_000))
        world.restart()
        #expect(world.disk.previous != nil && world.disk.probation != nil, "the target may yet refuse the agent")
        world.target.behaviour = [.fails(LineFailure(cause: .http(status: 403)))]
        world.source.behaviour = [.works]
        world.breakLine()
        world.advance(.seconds(400))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint && world.disk.previous == nil)
    }

    @Test func `A3 until it has settled nobody changes the leaf or the uid`() throws {
        var world = try arrived()
        let leaf = try Authorities.leaf(from: all.target, over: all.agentKey, number: 6, at: all.now, days: 365)
        let offer = ConnectionSettingsOffers(
            hash: [3],
            opamp: OpAMPConnectionSettings(
                certificate: TLSCertificate(cert: Array(leaf.pem.utf8)), heartbeatIntervalSeconds: 30))
        world.say(
            ServerToAgent(
                connectionSettings: offer,
                agentIdentification: AgentIdentification(newInstanceUID: [UInt8](repeating: 3, count: 16))))
        #expect(world.disk.instanceUID == all.uid && world.disk.active.settings.leaf == all.leaf)
        #expect(world.target.statuses.last?.errorMessage.hasPrefix("policy: offer.leaf-change-on-probation") == true)

        world.advance(.seconds(301))
        var again = offer
        again.hash = [4]
        world.offer(again)
        #expect(world.disk.active.settings.leaf == leaf, "afterwards the leaf is the target's to give")
    }

    @Test func `a change of the target's own settings leaves the way back as it is`() throws {
        var world = try arrived()
        world.offer(
            ConnectionSettingsOffers(
                hash: [3],
                opamp: OpAMPConnectionSettings(
                    heartbeatIntervalSeconds: 30, tls: TLSConnectionSettings(minVersion: "1.3"))))
        #expect(world.disk.active.settings.tls.minimum == .tls13)
        #expect(world.disk.previous?.settings.endpoint == all.source.endpoint)
        #expect(world.disk.probation?.isHandover == true)
    }

    @Test(arguments: [Duration.seconds(-90_000), .seconds(10), .seconds(90_000)])
    func `F27 a restart in probation is neither fooled by the clock nor forgets the way back`(jump: Duration) throws {
        var world = try arrived()
        world.target.behaviour = [.fails(LineFailure(cause: .tcp))]
        world.breakLine()
        world.restart(after: jump)
        #expect(world.disk.previous != nil)
        world.advance(.seconds(301))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint)
    }
}
