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
        world.say(ServerToAgent())
        world.advance(.milliseconds(299_999))
        #expect(world.disk.previous != nil)
        world.advance(.milliseconds(1))
        #expect(world.disk.previous == nil && world.disk.probation == nil && world.logged(.moveSettled) != nil)
        #expect(world.disk.handoverID != nil, "it is still told in every first report")
    }

    /// The connection may be dead, the report of the adoption lost, and the target have given the agent up.
    @Test func `a target that has not answered since the adoption settles nothing yet`() throws {
        var world = try arrived()
        world.advance(.seconds(300))
        #expect(world.disk.previous != nil, "its answer, or the end of a dead connection, is waited for")
        var answered = world
        answered.say(ServerToAgent())
        #expect(answered.disk.previous == nil)
        world.advance(.milliseconds(59_999))
        #expect(world.disk.previous != nil)
        world.advance(.milliseconds(1))
        #expect(world.disk.previous == nil, "a target that answers nothing has it when the connection lasts")
    }

    @Test func `a target that ends a dead connection after the probation is left`() throws {
        var world = try arrived()
        world.advance(.seconds(310))
        world.target.behaviour = [.fails(DialFailure(.http(status: 403)))]
        world.breakLine()
        world.advance(.seconds(301))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint)
    }

    @Test func `F15 a target lost for the whole probation is left, and the source is told why`() throws {
        var world = try arrived()
        world.advance(.seconds(100))
        world.target.behaviour = [.fails(DialFailure(.tcp))]
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
        world.target.behaviour = [.fails(DialFailure(.tcp))]
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
        world.target.behaviour = [.fails(DialFailure(.tcp))]
        world.source.behaviour = [.fails(DialFailure(.tcp))]
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
        world.target.behaviour = [.fails(DialFailure(.tcp))]
        world.source.behaviour = [.closes(code: 1000)]
        world.breakLine()
        world.advance(.seconds(310))
        #expect(world.source.dials.count == 2, "the way back was tried, and the line broke before the answer")
        world.target.behaviour = [.works]
        world.advance(.seconds(80_000))
        world.restart()
        #expect(world.disk.previous != nil && world.disk.probation != nil, "the target may yet refuse the agent")
        world.target.behaviour = [.fails(DialFailure(.http(status: 403)))]
        world.source.behaviour = [.works]
        world.breakLine()
        world.advance(.seconds(400))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint && world.disk.previous == nil)
    }

    @Test func `A3 until it has settled nobody changes the leaf or the uid`() throws {
        var world = try arrived()
        let leaf = try Authorities.leaf(from: all.target, over: all.agentKey, days: 365)
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
        world.target.behaviour = [.fails(DialFailure(.tcp))]
        world.breakLine()
        world.restart(after: jump)
        #expect(world.disk.previous != nil)
        world.advance(.seconds(301))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint)
    }

    // MARK: Lengths that come from outside

    /// Arrived by a handover whose token names this length.
    func arrived(with probation: Duration) throws -> World {
        var world = World(try all.configuration())
        world.start()
        world.offer(try all.handover(probation: probation))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
        return world
    }

    @Test func `a probation of zero is settled by the write that adopts`() throws {
        var world = try arrived(with: .zero)
        #expect(world.disk.previous == nil && world.disk.probation == nil && world.logged(.moveSettled) != nil)
        #expect(world.saves.allSatisfy { $0.probation == nil }, "there is no moment with a way back")
        #expect(world.target.statuses.last?.status == .applied)
        world.target.behaviour = [.fails(DialFailure(.http(status: 500))), .works]
        let before = world.source.dials.count
        world.breakLine()
        world.advance(.seconds(60))
        #expect(world.source.dials.count == before && world.logged(.moveReturning) == nil)
    }

    @Test func `killed after the adopting write of a probation of zero, the agent opens one session at the target`()
        throws
    {
        var world = World(try all.configuration())
        world.start()
        world.savesUntilCrash = 2
        world.offer(try all.handover(probation: .zero))
        #expect(world.crashed && world.disk.active.settings.endpoint == all.target.endpoint)
        world.source.behaviour = [.fails(DialFailure(.http(status: 403)))]
        let before = (world.source.dials.count, world.target.dials.count)
        world.restart()
        world.advance(.seconds(600))
        #expect(world.source.dials.count == before.0 && world.target.dials.count == before.1 + 1)
    }

    @Test(arguments: [Duration.seconds(1), .seconds(2)])
    func `a short probation is no retry interval when one answer of the target fails`(length: Duration) throws {
        var world = try arrived(with: length)
        world.source.behaviour = [.fails(DialFailure(.http(status: 403)))]
        world.target.behaviour = [.fails(DialFailure(.http(status: 500))), .works]
        let before = (world.source.dials.count, world.target.dials.count)
        world.breakLine()
        world.advance(.seconds(60))
        guard case .online = world.agent.phase else {
            Issue.record("not online but \(world.agent.phase)")
            return
        }
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
        #expect(world.source.dials.count <= before.0 + 1 && world.target.dials.count <= before.1 + 2)
    }

    @Test func `a target that needs longer than the probation to answer is waited for`() throws {
        var world = try arrived(with: .seconds(1))
        world.target.behaviour = [.silent]
        let before = world.source.dials.count
        world.breakLine()
        world.run(.woke(.retry))
        world.timers[.retry] = nil
        let line = try #require(world.line?.id)
        world.advance(.milliseconds(1400))
        #expect(world.line?.id == line && world.timers[.lost] == nil, "the time is over and the line stays")
        world.say(ServerToAgent(capabilities: world.target.capabilities))
        #expect(world.disk.probation == nil && world.source.dials.count == before)
    }

    @Test func `a server that takes connections and says nothing is left when its answer is overdue`() throws {
        var world = try arrived(with: .seconds(1))
        world.target.behaviour = [.silent]
        world.breakLine()
        world.run(.woke(.retry))
        world.timers[.retry] = nil
        world.advance(.seconds(29))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint, "not cut")
        world.advance(.seconds(2))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint)
    }

    @Test func `A8 with both servers gone a probation of one second means no more dials than a long one`() throws {
        var world = try arrived(with: .seconds(1))
        world.target.behaviour = [.fails(DialFailure(.tcp))]
        world.source.behaviour = [.fails(DialFailure(.http(status: 403)))]
        let before = (world.source.dials.count, world.target.dials.count)
        world.breakLine()
        world.advance(.seconds(3600))
        let dials = (world.source.dials.count - before.0, world.target.dials.count - before.1)
        // Two backoffs up to five minutes: about two dozen attempts each in an hour.
        #expect(5...60 ~= dials.0 && 5...60 ~= dials.1, "\(dials)")
    }

    @Test func `A8 a way back does not shorten what the target asked for`() throws {
        var world = try arrived(with: .seconds(10))
        world.target.behaviour = [
            .fails(DialFailure(.http(status: 503), retryAfter: .seconds(120))), .works,
        ]
        world.source.behaviour = [.fails(DialFailure(.http(status: 403)))]
        let before = world.target.dials.count
        world.breakLine()
        world.run(.woke(.retry))
        #expect(world.target.dials.count == before + 1)
        let asked = world.clock
        world.advance(.seconds(200)) { $0.target.dials.count > before + 1 }
        #expect(world.logged(.moveReturning) != nil, "the way back was tried meanwhile")
        #expect(world.clock >= asked + .seconds(120))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `an error is no sign of life: it neither settles a probation nor ends a loss`() throws {
        var world = try arrived()
        world.target.behaviour = [.errors(ServerErrorResponse(type: .badRequest, errorMessage: "unknown agent"))]
        world.breakLine()
        world.advance(.seconds(250))
        #expect(world.logged(.moveSettled) == nil && world.disk.previous != nil)
        world.advance(.seconds(60))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint)
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("probation:") == true)
    }

    @Test func `a server that answers with an error first and then without one has taken the agent`() throws {
        var world = try arrived()
        world.target.behaviour = [.errors(ServerErrorResponse(type: .badRequest))]
        world.breakLine()
        world.advance(.seconds(10))
        #expect(world.timers[.lost] != nil)
        world.say(ServerToAgent(capabilities: world.target.capabilities))
        #expect(world.timers[.lost] == nil)
        world.advance(.seconds(300))
        #expect(world.logged(.moveSettled) != nil && world.disk.previous == nil)
    }
}
