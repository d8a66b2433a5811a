import Certificates
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// OpAMP, Connection Setting Offer Flow, for the leaf of an enrollment (decision 0063).
extension EnrolmentTests {
    @Test func `C54 the first leaf counts as applied once a connection with it is accepted`() throws {
        var world = try unenrolled()
        world.start()
        world.source.behaviour = [.silent, .works]
        world.say(answer())
        #expect(world.disk.active.settings.leaf == all.leaf && !world.disk.isEnrolled && world.disk.verdict == nil)
        #expect(world.source.statuses.map(\.status) == [.applying, .applying], "on leaving, and with the leaf")
        world.restart()
        #expect(world.source.dials.last?.settings.leaf == all.leaf)
        #expect(world.disk.isEnrolled && world.disk.unprovenLeaf == nil)
        #expect(world.source.statuses.last?.status == .applied)
        #expect(world.source.statuses.last?.lastConnectionSettingsHash == [1])
        #expect(bearers(world.source).count == 1)
    }

    static let refusals = [
        DialFailure(.http(status: 401)), DialFailure(.http(status: 403)), DialFailure(.tlsLeafRefused),
    ]

    @Test(arguments: refusals)
    func `C54 a leaf that its server does not accept is dropped, and the token used again`(_ refusal: DialFailure)
        throws
    {
        var world = try unenrolled()
        world.start()
        world.source.behaviour = [.fails(refusal), .works]
        world.say(answer())
        let uid = world.disk.instanceUID
        #expect(world.disk.active == (try all.configuration(isEnrolled: false)).server)
        #expect(!world.disk.isEnrolled && !world.disk.hasAdopted && world.disk.unprovenLeaf == nil)
        #expect(world.logged(.leafNotAccepted)?["cause"] == refusal.cause.code)
        #expect(world.source.dials.count == 2, "after a wait")
        world.advance(.seconds(60))
        #expect(bearers(world.source).count == 2 && world.source.dials.last?.settings.leaf == nil)
        #expect(world.source.statuses.last?.status == .failed, "A5")
        #expect(requests(world.source) == 2)
        world.say(answer())
        #expect(world.disk.isEnrolled && world.disk.active.settings.leaf == all.leaf && world.disk.instanceUID == uid)
        #expect(world.source.statuses.last?.status == .applied)
    }

    @Test func `C54 a process that dies while a leaf is refused uses the token again`() throws {
        for saves in 1...4 {
            var world = try unenrolled()
            world.start()
            world.source.behaviour = [.fails(DialFailure(.http(status: 403))), .works]
            world.savesUntilCrash = saves
            world.say(answer())
            if world.crashed { world.restart() }
            world.advance(.seconds(120))
            if !world.disk.isEnrolled { world.say(answer()) }
            if world.crashed { world.restart() }
            #expect(world.disk.isEnrolled && world.disk.active.settings.leaf == all.leaf)
        }
    }

    @Test(arguments: [
        DialFailure(.tcp), DialFailure(.http(status: 503)), DialFailure(.http(status: 404)), DialFailure(.tlsUntrusted),
    ])
    func `C54 a server that is not well does not cost the leaf`(_ failure: DialFailure) throws {
        var world = try unenrolled()
        world.start()
        world.source.behaviour = [.fails(failure), .fails(failure), .works]
        world.say(answer())
        world.advance(.seconds(120))
        #expect(world.disk.isEnrolled && world.disk.active.settings.leaf == all.leaf)
        #expect(bearers(world.source).count == 1)
    }

    @Test func `C54 without a token the leaf stays, whatever its server says`() throws {
        var world = try unenrolled()
        world.start()
        world.source.behaviour = [.blackHole, .fails(DialFailure(.http(status: 403)))]
        world.say(answer())
        world.agent.configuration.bootstrapToken = nil
        world.restart()
        world.advance(.seconds(600))
        #expect(world.disk.active.settings.leaf == all.leaf && world.disk.unprovenLeaf != nil)
        world.source.behaviour = [.works]
        world.advance(.seconds(600))
        #expect(world.disk.isEnrolled && world.disk.unprovenLeaf == nil)
    }

    @Test func `C54 an agent that enrols anew goes back to the leaf that it had`() throws {
        let old = try Authorities.leaf(from: all.source, over: all.agentKey, days: 20)
        var configuration = try all.configuration(due(old))
        (configuration.bootstrapToken, configuration.enrollsAnew) = (Secret("canary-bootstrap"), true)
        var state = AgentState(instanceUID: all.uid, configuration: configuration)
        (state.isEnrolled, state.hasAdopted) = (true, true)
        var world = World(configuration, state: state)
        world.start()
        world.source.behaviour = [.fails(DialFailure(.http(status: 403))), .works]
        world.say(answer())
        #expect(world.disk.active.settings.leaf == old && world.disk.hasAdopted)
        world.advance(.seconds(60))
        #expect(bearers(world.source).count == 2 && world.source.dials.last?.settings.leaf == nil)
        world.say(answer())
        #expect(world.disk.active.settings.leaf == all.leaf && world.disk.isEnrolled)
    }

    @Test func `C54 a way back ends what the other server issued`() throws {
        var world = try unenrolled()
        world.start()
        world.offer(
            ConnectionSettingsOffers(
                hash: [2],
                opamp: OpAMPConnectionSettings(
                    destinationEndpoint: all.target.endpoint.description, heartbeatIntervalSeconds: 30,
                    tls: TLSConnectionSettings(caPEMContents: all.target.certificate.pem))))
        world.target.behaviour = [.fails(DialFailure(.http(status: 403)))]
        world.say(answer())
        #expect(world.disk.unprovenLeaf != nil, "the token is for another server")
        world.advance(.seconds(1200))
        #expect(world.disk.active.settings.endpoint == all.source.endpoint)
        #expect(world.disk.active.settings.leaf == nil && world.disk.unprovenLeaf == nil && !world.disk.isEnrolled)
        world.breakLine()
        world.advance(.seconds(2))
        #expect(bearers(world.source).count == 2)
    }

    @Test func `C54 the host is asked about its part once the leaf is accepted`() throws {
        var world = World(
            try all.configuration(isEnrolled: false) { $0.capabilities.formUnion(.reportsOwnLogs) })
        world.start()
        world.source.behaviour = [.silent, .works]
        var message = answer()
        message.connectionSettings?.ownLogs = TelemetryConnectionSettings(
            destinationEndpoint: "https://logs.example/")
        world.say(message)
        func asked() -> Int { world.directives.count { if case .applyConnections = $0 { true } else { false } } }
        #expect(asked() == 0 && world.disk.hostOffer != nil)
        world.restart()
        #expect(asked() == 1 && world.disk.isEnrolled)
        world.run(.connectionsApplied(.named([1])))
        #expect(world.source.statuses.last?.status == .applied)
    }
}
