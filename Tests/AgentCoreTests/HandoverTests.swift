import Certificates
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// The rows H1-H30 that the core decides.
@Suite struct HandoverTests {
    @Test func `new CAs of a server that restarts meanwhile are proven once it is back`() throws {
        for lost in [Behaviour.fails(DialFailure(.tcp)), .closes(code: nil)] {
            var world = World(try Authorities.shared.configuration())
            world.start()
            let all = Authorities.shared
            world.say(try all.statement(by: all.source, version: 2, of: [all.source, all.third].map(\.certificate)))
            world.source.behaviour = [lost, lost, lost, .works]
            world.offer(
                ConnectionSettingsOffers(
                    hash: [5],
                    opamp: OpAMPConnectionSettings(
                        heartbeatIntervalSeconds: 30,
                        tls: TLSConnectionSettings(caPEMContents: all.third.certificate.pem))))
            world.advance(.seconds(29))
            #expect(world.disk.active.settings.trust == all.third.trust)
            #expect(world.source.statuses.last?.status == .applied)
        }
    }

    let all = Authorities.shared

    func world(at endpoint: Endpoint? = nil, _ change: (inout AgentConfiguration) -> Void = { _ in }) throws -> World {
        var world = World(try all.configuration(at: endpoint, change))
        world.start()
        return world
    }

    func isHome(_ world: World, at host: String) -> Bool {
        guard case .online(let line) = world.agent.phase else { return false }
        return line.destination == .active && line.endpoint.host == host
            && world.disk.active.settings.endpoint.host == host
    }

    @Test func `H1 H2 H3 H4 a handover leaves, arrives and reports in this order`() throws {
        var world = try world()
        world.trace = []
        world.offer(try all.handover())
        #expect(
            world.trace == [
                "source.example <- applying", "source.example <- disconnect", "close source.example",
                "dial target.example", "target.example <- description health custom applying",
                "target.example <- applied standing",
            ])
        #expect(isHome(world, at: "target.example"))
        #expect(world.target.dials.last?.settings.leaf == all.leaf, "H1: the same leaf")
        #expect(Set((world.source.received + world.target.received).map(\.instanceUID)).count == 1, "H1: the same uid")
        let numbers = (world.source.received + world.target.received).map(\.sequenceNumber)
        #expect(numbers == Array(1...UInt64(numbers.count)), "H3: the sequence goes on")
        #expect(world.target.received.allSatisfy { !$0.capabilities.isEmpty })

        world.advance(.seconds(60))
        #expect(world.target.statuses.map(\.status) == [.applying, .applied], "H4: said once")
        world.say(ServerToAgent(flags: .reportFullState))
        #expect(world.target.received.last?.connectionSettingsStatus?.status == .applied, "H4: and again when asked")
        #expect(world.disk.epoch == 1)
        #expect(world.disk.active.tokenSigners == (try all.target.tokenSigners))
    }

    @Test func `the token never reaches the target and its id only until the adoption`() throws {
        var world = try world(at: all.source.http)
        world.offer(try all.handover(endpoint: all.target.http))
        let dials = world.target.dials
        try #require(dials.count == 2)
        let names = dials.map { Set(($0.extraHeaders + $0.settings.headers).map(\.name)) }
        #expect(names == [["OpAMP-Instance-UID", "Handover-Id"], ["OpAMP-Instance-UID"]])
    }

    @Test func `over HTTP each message before the disconnect waits for its answer`() throws {
        var world = try world(at: all.source.http)
        world.trace = []
        world.offer(try all.handover(endpoint: all.target.http))
        #expect(
            world.trace == [
                "source.example <- applying", "source.example <- disconnect", "close source.example",
                "dial target.example", "target.example <- description health custom applying",
                "close target.example", "dial target.example", "target.example <- applied standing",
            ])
        #expect(isHome(world, at: "target.example"))
    }

    static let verdicts: [(Behaviour, MoveCause)] = [
        (.fails(DialFailure(.tlsUntrusted)), .tlsUntrusted), (.fails(DialFailure(.tlsName)), .tlsName),
        (.fails(DialFailure(.tlsExpired)), .tlsExpired),
        (.fails(DialFailure(.tlsLeafRefused)), .tlsLeafRefused),
        (.fails(DialFailure(.protocol, closedBeforeAnswer: true)), .tlsLeafRefused),
        (.fails(DialFailure(.http(status: 401))), .http(status: 401)),
        (.fails(DialFailure(.http(status: 403))), .http(status: 403)),
        (.fails(DialFailure(.http(status: 404))), .http(status: 404)),
        (.fails(DialFailure(.http(status: 301))), .http(status: 301)),
        (.fails(DialFailure(.tcp)), .tcp), (.fails(DialFailure(.dns)), .dns),
        (.fails(DialFailure(.dns, isTemporary: true)), .timeout),
        (.fails(DialFailure(.proxy, isTemporary: true)), .timeout),
        (.fails(DialFailure(.proxy)), .proxy), (.fails(DialFailure(.proxy, httpStatus: 503)), .proxy),
        (.closes(code: 1000), .protocol), (.closes(code: nil), .protocol),
        (.closes(code: 1012), .timeout), (.nonsense, .protocol),
        (.namesAnother, .protocol), (.namesNobody, .protocol), (.renames([UInt8](repeating: 5, count: 16)), .protocol),
        (.errors(ServerErrorResponse(type: .badRequest)), .serverError),
        (.errors(ServerErrorResponse(type: .unknown)), .serverError), (.silent, .timeout), (.blackHole, .timeout),
        (.fails(DialFailure(.timeout)), .timeout),
        (.fails(DialFailure(.http(status: 503), retryAfter: .seconds(900))), .timeout),
        (.fails(DialFailure(.http(status: 429))), .timeout), (.fails(DialFailure(.http(status: 502))), .timeout),
        (.fails(DialFailure(.http(status: 504))), .timeout),
        (.errors(ServerErrorResponse(type: .unavailable)), .timeout),
    ]

    @Test(arguments: verdicts)
    func `H5 H6 H7 H9 F1 to F13 a target that fails sends the agent back with the cause`(
        behaviour: Behaviour, cause: MoveCause
    ) throws {
        var world = try world()
        world.target.behaviour = [behaviour]
        let before = world.disk
        world.offer(try all.handover())
        world.advance(.seconds(30)) { self.isHome($0, at: "source.example") && $0.disk.candidate == nil }
        world.advance(.milliseconds(1))
        #expect(isHome(world, at: "source.example"))
        let status = try #require(world.source.statuses.last)
        #expect(status.status == .failed && status.lastConnectionSettingsHash == [7])
        #expect(status.errorMessage.hasPrefix("\(cause.code): \(cause.sentence)"))
        #expect(world.logged(.moveFailed)?["reason"] == cause.sentence)
        #expect(world.logged(.moveFailed)?["next"] == cause.nextAction)
        #expect(world.disk.active == before.active && world.disk.previous == nil && world.disk.epoch == 0)
        #expect(world.disk.instanceUID == before.instanceUID)
        #expect(world.clock <= .seconds(31), "A5: nobody extends the deadline")
        #expect(world.target.received.allSatisfy { $0.connectionSettingsStatus?.status != .failed })
    }

    @Test func `H7 F2 the verdict of a black hole comes with the deadline and not before`() throws {
        var world = try world()
        world.target.behaviour = [.blackHole]
        world.offer(try all.handover())
        world.advance(.milliseconds(29_999))
        #expect(world.disk.candidate != nil)
        world.advance(.milliseconds(1))
        #expect(world.disk.candidate == nil && isHome(world, at: "source.example"))
    }

    @Test func `H8 Z9 a target that asks the agent to wait is tried again within the deadline`() throws {
        var world = try world()
        world.target.behaviour = [
            .fails(DialFailure(.http(status: 503), retryAfter: .seconds(1))),
            .errors(
                ServerErrorResponse(
                    type: .unavailable, retryInfo: RetryInfo(retryAfterNanoseconds: 2_000_000_000))),
            .works,
        ]
        world.offer(try all.handover())
        world.advance(.milliseconds(999))
        #expect(world.target.dials.count == 1)
        world.advance(.seconds(10)) { self.isHome($0, at: "target.example") }
        #expect(isHome(world, at: "target.example"))
        #expect(world.clock >= .seconds(3))
    }

    @Test(arguments: [DialFailure(.tcp), DialFailure(.dns), DialFailure(.proxy, httpStatus: 503)])
    func `F1 a refused connection and F3 a name that does not resolve are tried once more after 200 ms`(
        failure: DialFailure
    ) throws {
        var world = try world()
        world.target.behaviour = [.fails(failure), .works]
        world.offer(try all.handover())
        #expect(world.timers[.nextTry] == world.clock + .milliseconds(200))
        world.advance(.milliseconds(200))
        #expect(isHome(world, at: "target.example"))
    }

    @Test func `F55 a proxy's refusal is logged with what ends it, for the candidate and at home`() throws {
        var world = try world()
        let failure = DialFailure(.proxy, "words", httpStatus: 407, proxyProblem: .refused(status: 407))
        world.target.behaviour = [.fails(failure)]
        world.offer(try all.handover())
        #expect(world.logged(.moveFailed)?["next"] == failure.nextAction)
        #expect(failure.nextAction != MoveCause.proxy.nextAction)
        #expect(world.logged(.lost)?["next"] == failure.nextAction)
    }

    /// A resolver without an answer is no verdict on the name.
    @Test func `F3 a resolver that does not answer is asked until the deadline`() throws {
        var world = try world()
        let silence = Behaviour.fails(DialFailure(.dns, isTemporary: true))
        world.target.behaviour = [silence, silence, silence, silence, .works]
        world.offer(try all.handover())
        world.advance(.seconds(30)) { self.isHome($0, at: "target.example") }
        #expect(isHome(world, at: "target.example") && world.target.dials.count >= 5)
    }

    @Test(arguments: [nil, 1001, 1012, 1013] as [UInt16?])
    func `F40 a target that goes away before its first answer is tried once more`(code: UInt16?) throws {
        var world = try world()
        world.target.behaviour = [.closes(code: code), .works]
        world.offer(try all.handover())
        #expect(!isHome(world, at: "target.example") && world.disk.candidate != nil)
        world.advance(.seconds(1)) { self.isHome($0, at: "target.example") }
        #expect(isHome(world, at: "target.example") && world.source.statuses.last?.status == .applying)
    }

    @Test func `H12 a verdict survives the process that reached it`() throws {
        var world = try world()
        world.target.behaviour = [.fails(DialFailure(.tlsName))]
        world.source.behaviour = [.blackHole, .works]
        world.offer(try all.handover())
        #expect(world.source.statuses.last?.status == .applying)
        world.restart()
        #expect(world.source.statuses.last?.status == .failed)
    }

    @Test func `H13 A7 F50 a hash that got a verdict is answered and never tried again`() throws {
        var world = try world()
        world.target.behaviour = [.fails(DialFailure(.tlsName))]
        let offer = try all.handover()
        world.offer(offer)
        let dials = world.target.dials.count
        world.advance(.seconds(5))
        world.offer(offer)
        #expect(world.source.statuses.last?.status == .failed)
        world.restart()
        world.offer(offer)
        world.advance(.seconds(5))
        #expect(world.target.dials.count == dials)
    }

    @Test func `H14 Z3 a heartbeat alone needs no new connection`() throws {
        var world = try world()
        world.offer(
            ConnectionSettingsOffers(
                hash: [1], opamp: OpAMPConnectionSettings(heartbeatIntervalSeconds: 90)))
        #expect(world.source.dials.count == 1)
        #expect(world.source.statuses.map(\.status) == [.applied])
        #expect(world.timers[.heartbeat] == world.clock + .seconds(90))
        #expect(world.disk.active.settings.heartbeat == .seconds(90))
    }

    @Test func `H15 Z1 heartbeat 0 silences a WebSocket and never stops polling`() throws {
        let silence = ConnectionSettingsOffers(hash: [1], opamp: OpAMPConnectionSettings())
        var socket = try world()
        socket.offer(silence)
        #expect(socket.timers[.heartbeat] == nil && socket.disk.active.settings.heartbeat == nil)
        var poll = try world(at: all.source.http)
        poll.offer(silence)
        #expect(poll.timers[.heartbeat] == poll.clock + .seconds(30))
        #expect(poll.source.statuses.last?.status == .applied)
    }

    private var newCA: ConnectionSettingsOffers {
        ConnectionSettingsOffers(
            hash: [1],
            opamp: OpAMPConnectionSettings(
                heartbeatIntervalSeconds: 30, tls: TLSConnectionSettings(caPEMContents: all.third.certificate.pem)))
    }

    @Test func `H16 without signers a new CA is proven at the same endpoint`() throws {
        var world = World(try all.configuration(holdsSigners: false))
        world.start()
        world.offer(newCA)
        #expect(isHome(world, at: "source.example"))
        #expect(world.source.dials.map(\.settings.trust) == [all.source.trust, all.third.trust])
        #expect(world.source.dials.last?.settings.leaf == all.leaf)
    }

    @Test func `H16 with signers a new CA is refused, and taken when a signer has stated it`() throws {
        var world = try world()
        world.offer(newCA)
        #expect(world.source.statuses.last?.errorMessage.contains("offer.roots-not-stated") == true)
        world.say(try all.statement(by: all.third, version: 2, of: [all.third.certificate]))
        world.offer(newCA)
        #expect(world.source.dials.map(\.settings.trust) == [all.source.trust], "stated by nobody whom it trusts")

        let stated = try all.statement(by: all.source, version: 2, of: [all.source, all.third].map(\.certificate))
        world.say(stated)
        // The server has heard of the failures.
        world.advance(.seconds(2))
        world.say(ServerToAgent())
        world.offer(newCA)
        #expect(isHome(world, at: "source.example"))
        #expect(world.source.dials.map(\.settings.trust) == [all.source.trust, all.third.trust])
        #expect(world.source.dials.last?.settings.leaf == all.leaf)
    }

    @Test func `H16 a statement in the same message is read before the offer`() throws {
        var world = try world()
        var message = try all.statement(by: all.source, version: 2, of: [all.source, all.third].map(\.certificate))
        message.connectionSettings = newCA
        world.say(message)
        #expect(world.source.dials.map(\.settings.trust) == [all.source.trust, all.third.trust])
    }

    @Test func `H17 Z2 a renewed leaf is proven at the same endpoint`() throws {
        var world = try world()
        let renewed = try Authorities.leaf(from: all.source, over: all.agentKey, days: 700)
        world.source.behaviour = [.fails(DialFailure(.tlsLeafRefused)), .works]
        let offer = OpAMPConnectionSettings(
            certificate: TLSCertificate(cert: Array(renewed.pem.utf8)), heartbeatIntervalSeconds: 30)
        world.offer(ConnectionSettingsOffers(hash: [2], opamp: offer))
        #expect(world.disk.active.settings.leaf == all.leaf, "H17: the old one is kept until the new one has worked")
        world.offer(ConnectionSettingsOffers(hash: [3], opamp: offer))
        #expect(world.disk.active.settings.leaf == renewed)
        #expect(world.source.dials.last?.settings.leaf == renewed)
    }

    @Test func `H21 the transport may change with the endpoint`() throws {
        var world = try world()
        world.offer(try all.handover(endpoint: all.target.http))
        #expect(isHome(world, at: "target.example"))
        #expect(world.agent.phase.connection?.endpoint == all.target.http)
    }

    @Test func `H22 without a token a new uid is adopted together with the settings`() throws {
        let fresh = [UInt8](repeating: 5, count: 16)
        var world = World(try all.configuration(holdsSigners: false))
        world.start()
        world.target.behaviour = [.renames(fresh)]
        var offer = try all.handover()
        offer.opamp?.headers = nil
        world.offer(offer)
        #expect(isHome(world, at: "target.example"))
        #expect(world.disk.instanceUID.bytes == fresh)
        #expect(world.target.received.last?.instanceUID == fresh)
        let named = world.target.received.last?.agentDescription?.identifyingAttributes.first?.value
        #expect(named == .string(world.disk.instanceUID.description))
    }

    @Test func `H23 F51 servers that play ping-pong are stopped by the agent`() throws {
        var world = World(try all.configuration(holdsSigners: false))
        world.start()
        var hash: UInt8 = 1
        for turn in 0..<10 {
            let there = turn.isMultiple(of: 2) ? all.target : all.source
            hash += 1
            world.offer(
                ConnectionSettingsOffers(
                    hash: [hash],
                    opamp: OpAMPConnectionSettings(
                        destinationEndpoint: there.endpoint.description, heartbeatIntervalSeconds: 30,
                        tls: TLSConnectionSettings(caPEMContents: there.certificate.pem))))
            world.advance(.seconds(2))
        }
        #expect(world.disk.adoptions.count == 3)
        #expect(world.disk.verdict?.status?.errorMessage.hasPrefix("policy:") == true)
        world.advance(.seconds(700))
        world.offer(
            ConnectionSettingsOffers(
                hash: [99],
                opamp: OpAMPConnectionSettings(
                    destinationEndpoint: all.third.endpoint.description, heartbeatIntervalSeconds: 30,
                    tls: TLSConnectionSettings(caPEMContents: all.third.certificate.pem))))
        #expect(isHome(world, at: "third.example"))
    }

    @Test func `an offer that comes again while it is tried is neither kept nor superseded`() throws {
        var moving = try world()
        let id = try #require(moving.line?.id)
        let offer = ServerToAgent(
            instanceUID: moving.agent.state.instanceUID.bytes, connectionSettings: try all.handover())
        moving.queue = [.received(id, offer)]
        moving.run(.received(id, offer))
        #expect(isHome(moving, at: "target.example"))
        #expect(moving.logged(.offerRepeated) != nil)
        #expect(moving.logged(.offerWaits) == nil && moving.logged(.offerSuperseded) == nil)
    }

    @Test func `H24 F52 of the offers that come during a move the last one wins afterwards`() throws {
        // The move has begun and the line is still up: the source changes its mind, twice.
        var late = try world()
        let id = try #require(late.line?.id)
        late.target.behaviour = [.fails(DialFailure(.tlsName))]
        let uid = late.agent.state.instanceUID.bytes
        late.queue = [
            .received(id, ServerToAgent(instanceUID: uid, connectionSettings: try all.handover())),
            .received(
                id,
                ServerToAgent(
                    instanceUID: uid, connectionSettings: try all.handover(to: all.third, hash: [8], number: 0xC4))),
        ]
        late.run(
            .received(
                id,
                ServerToAgent(
                    instanceUID: uid,
                    connectionSettings: try all.handover(
                        to: all.third, hash: [9], number: 0xC5))))
        #expect(isHome(late, at: "third.example"))
        #expect(late.disk.verdict == Verdict(hash: .named([9]), outcome: .applied))
        #expect(late.logged(.offerSuperseded)?["offer"] == "08")
        #expect(late.disk.failedOffers.map(\.verdict.hash) == [.named([7])])
    }

    @Test func `H26 accept-then-close is slowed down by the backoff`() throws {
        var world = try world()
        world.source.behaviour = [.closes(code: 1000)]
        world.breakLine()
        world.advance(.seconds(3600))
        #expect(world.source.dials.count > 5 && world.source.dials.count < 60)
    }

    @Test func `H27 A8 F19 F20 with everything gone the agent keeps trying, slowly`() throws {
        var world = try world()
        world.target.behaviour = [.fails(DialFailure(.tlsName))]
        world.source.behaviour = [.fails(DialFailure(.tcp))]
        world.offer(try all.handover())
        let before = world.source.dials.count
        world.advance(.seconds(86_400))
        let dials = world.source.dials.count - before
        #expect(dials > 288 && dials < 1200)
        world.source.behaviour = [.works]
        world.advance(.seconds(600)) { self.isHome($0, at: "source.example") }
        #expect(world.source.statuses.last?.status == .failed)
    }

    @Test func `H28 F23 with a read-only state directory the offer is refused and the connection kept`() throws {
        var world = try world()
        world.diskWorks = false
        world.offer(try all.handover())
        #expect(world.source.dials.count == 1 && world.target.dials.isEmpty)
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("storage:") == true)
    }

    @Test func `F24 an adoption that cannot be written goes back and says so`() throws {
        var world = try world()
        world.isReadOnlyFor = { $0.active.settings.endpoint.host == "target.example" || $0.candidate == nil }
        world.offer(try all.handover())
        #expect(isHome(world, at: "source.example"))
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("storage:") == true)
        #expect(world.target.received.last?.agentDisconnect == true)
        #expect(world.target.statuses.allSatisfy { $0.status == .applying })
    }

    @Test func `F14 an offer in the target's first answer waits for the adoption and its report`() throws {
        var world = try world()
        world.target.offer = try all.handover(
            from: all.target, to: all.third, hash: [9], epoch: 2, number: 0xC6)
        world.offer(try all.handover())
        #expect(isHome(world, at: "third.example"))
        #expect(world.target.statuses.map(\.status).contains(.applied))
        #expect(world.disk.epoch == 2)
    }

    @Test func `F44 there and back again and on, the epoch grows`() throws {
        var world = try world {
            $0.policy.adoptionLimit = 1000
            $0.policy.attemptLimit = 1000
        }
        let places = [all.source, all.target, all.third]
        for hop in 1...30 {
            let offer = try all.handover(
                from: places[(hop - 1) % 3], to: places[hop % 3], hash: [UInt8(hop)], epoch: Epoch(hop),
                number: UInt8(hop), issuedAt: world.now)
            world.offer(offer)
            #expect(isHome(world, at: places[hop % 3].endpoint.host), "hop \(hop)")
            world.advance(.seconds(20))
        }
        #expect(world.disk.epoch == 30)
    }

    @Test func `F27 a wall clock that jumps neither ends nor extends a verification`() throws {
        for jump in [Duration.seconds(7200), .seconds(-7200), .seconds(-1_700_000_000)] {
            var world = try world()
            world.target.behaviour = [.blackHole]
            world.offer(try all.handover())
            world.now = world.now + jump
            world.advance(.milliseconds(29_999))
            #expect(world.disk.candidate != nil)
            world.advance(.milliseconds(1))
            #expect(world.disk.candidate == nil)
        }
    }
}
