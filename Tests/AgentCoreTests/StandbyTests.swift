import Certificates
import HandoverToken
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// F63, F36: the agent's half of docs/protocol.md section 9.
@Suite struct StandbyTests {
    let all = Authorities.shared

    private func grant(
        hash: [UInt8] = [9], epoch: Epoch = 4, purpose: HandoverClaims.Purpose = .standby,
        lasts: Duration = .seconds(86_400), from: Authorities.Authority? = nil, to target: Authorities.Authority? = nil,
        _ change: (inout ConnectionSettingsOffers) -> Void = { _ in }
    ) throws -> ConnectionSettingsOffers {
        let target = target ?? all.target
        let token = try all.token(from: from, to: target, epoch: epoch, purpose: purpose, lasts: lasts)
        var offers = ConnectionSettingsOffers(
            hash: hash,
            otherConnections: [
                "opamp-handover.standby": OtherConnectionSettings(
                    destinationEndpoint: target.endpoint.description, otherSettings: ["token": token],
                    tls: TLSConnectionSettings(caPEMContents: target.certificate.pem))
            ])
        change(&offers)
        return offers
    }

    /// An agent that holds a grant for the target. Backoff is short, so that contacts fail often.
    private func holding(_ change: (inout AgentConfiguration) -> Void = { _ in }) throws -> World {
        var world = World(
            try all.configuration {
                $0.standby = StandbyPolicy()
                $0.backoff.maximum = .seconds(60)
                change(&$0)
            })
        world.start()
        world.offer(try grant())
        #expect(world.disk.standby?.server.settings.endpoint == all.target.endpoint)
        return world
    }

    private func die(_ world: inout World, by failure: DialFailure = DialFailure(.tcp)) {
        world.source.behaviour = [.fails(failure)]
        world.breakLine()
    }

    @Test func `a grant is held, answered by APPLIED, and nothing moves`() throws {
        var world = try holding()
        #expect(
            world.source.statuses.last?.status == .applied
                && world.source.statuses.last?.lastConnectionSettingsHash == [9])
        #expect(world.target.dials.isEmpty && world.disk.active.settings.endpoint == all.source.endpoint)
        let grant = try #require(world.disk.standby)
        let signers = try all.target.tokenSigners
        #expect(grant.handover.epoch == 4 && grant.until == all.now + .seconds(86_400))
        #expect(grant.server.settings.leaf == all.leaf && grant.server.tokenSigners == signers)
        world.advance(.seconds(86_000))
        #expect(world.target.dials.isEmpty, "F63: a server that is there is not left")
    }

    @Test func `a server that is dead for the set time is left for the standby server, by the move of an offer`() throws
    {
        var world = try holding()
        die(&world)
        world.advance(.seconds(899))
        #expect(world.target.dials.isEmpty, "not before the set time")
        world.advance(.seconds(151))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
        #expect(world.disk.previous?.settings.endpoint == all.source.endpoint && world.disk.epoch == 4)
        #expect(world.disk.standby == nil, "an adoption ends it")
        let dial = try #require(world.target.dials.first)
        #expect(dial.extraHeaders.contains { $0.name == MoveHeader.handoverID })
        #expect(world.target.statuses.last?.status == .applied)
        #expect(world.logged(.standbyUsed) != nil && world.logged(.moveAdopted) != nil)
    }

    // MARK: The standby server

    @Test func `the standby server is verified now and then, by TLS alone`() throws {
        var world = try holding { $0.server.settings.headers = [HeaderField("X-Site", Secret("a"))] }
        #expect(world.verified.isEmpty)
        world.advance(.seconds(60))
        let dial = try #require(world.verified.first)
        #expect(dial.settings.endpoint == all.target.endpoint && dial.settings.trust == all.target.trust)
        #expect(dial.settings.leaf == nil && dial.settings.headers.isEmpty && dial.extraHeaders.isEmpty)
        #expect(dial.openingHeaders.isEmpty)
        world.advance(.seconds(86_400 - 120))
        #expect((22...25).contains(world.verified.count), "once an hour and a little more")
        #expect(world.target.dials.isEmpty && world.source.dials.count == 1, "and nothing else happens")
        #expect(world.log.count { $0.event == .standbyVerified } == 1, "said once")
        #expect(world.agent.standbyCheck?.cause == nil && world.agent.standbyCheck != nil)
    }

    @Test func `a standby server that changes is said once, with what to do`() throws {
        var world = try holding()
        world.standbyFailure = DialFailure(.tlsUntrusted, "self-signed certificate")
        world.advance(.seconds(3 * 3960))
        #expect(world.verified.count >= 3 && world.log.count { $0.event == .standbyNotVerified } == 1)
        let entry = try #require(world.logged(.standbyNotVerified))
        #expect(entry["cause"] == "tls-untrusted" && entry["next"] != nil && entry["detail"] != nil)
        #expect(world.agent.standbyCheck?.cause == .tlsUntrusted)
        #expect(world.disk.standby != nil, "the grant is held")
        world.standbyFailure = DialFailure(.tcp)
        world.advance(.seconds(3960))
        #expect(world.logged(.standbyNotVerified)?["cause"] == "tcp")
        world.standbyFailure = nil
        world.advance(.seconds(3960))
        #expect(world.log.last?.event == .standbyVerified && world.agent.standbyCheck?.cause == nil)
    }

    @Test func `the standby server is verified again after a restart, also while the active one is dead`() throws {
        var world = try holding()
        world.source.behaviour = [.fails(DialFailure(.tcp))]
        world.restart()
        #expect(world.agent.standbyCheck == nil)
        world.advance(.seconds(60))
        #expect(world.verified.count == 1)
        var off = world
        off.agent.configuration.standby = nil
        off.restart()
        off.advance(.seconds(7200))
        #expect(off.verified.count == 1, "not where the file accepts no grant")
    }

    @Test func `a grant that is over is verified no more, and its end is said`() throws {
        var world = World(try all.configuration { $0.standby = StandbyPolicy() })
        world.start()
        world.offer(try grant(lasts: .seconds(600)))
        world.advance(.seconds(7200))
        #expect(world.verified.count == 1 && world.disk.standby == nil)
        #expect(world.logged(.standbyForgotten)?["reason"]?.contains("expired") == true)

        var moved = try holding()
        moved.advance(.seconds(60))
        moved.offer(try all.handover(epoch: 5))
        moved.run(.standbyVerified(.named([9]), DialFailure(.tcp)))
        moved.advance(.seconds(7200))
        #expect(moved.verified.count == 1 && moved.agent.standbyCheck == nil)
    }

    @Test func `the share that chance adds lies between nothing and the spread`() {
        let policy = StandbyPolicy(after: .seconds(1000), spread: 10)
        #expect(policy.wait(chance: 0) == .seconds(1000))
        #expect(policy.wait(chance: .max) > .seconds(1099) && policy.wait(chance: .max) <= .seconds(1100))
        #expect(
            policy.wait(beforeCheck: 0, chance: 0) == .zero && policy.wait(beforeCheck: 0, chance: .max) <= .seconds(60)
        )
        #expect(policy.wait(beforeCheck: 1, chance: 0) == .seconds(3600))
        #expect(policy.wait(beforeCheck: 1, chance: .max) <= .seconds(3960))
    }

    @Test(arguments: [
        DialFailure(.http(status: 401)), DialFailure(.http(status: 403)), DialFailure(.tlsLeafRefused),
        DialFailure(.http(status: 404)), DialFailure(.proxy, proxyProblem: .refused(status: 407)), DialFailure(.proxy),
    ])
    func `a server that refuses the agent is there, and is not left`(_ failure: DialFailure) throws {
        var world = try holding()
        die(&world, by: failure)
        world.advance(.seconds(7200))
        #expect(world.target.dials.isEmpty && world.disk.standby != nil)
    }

    @Test(arguments: [
        DialFailure(.dns), DialFailure(.timeout), DialFailure(.tlsExpired), DialFailure(.http(status: 503)),
        DialFailure(.proxy, proxyProblem: .refused(status: 502)),
    ])
    func `what does not answer as a server does is dead`(_ failure: DialFailure) throws {
        var world = try holding()
        die(&world, by: failure)
        world.advance(.seconds(3600), until: { $0.disk.standby == nil })
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `one answer in between begins the wait anew`() throws {
        var world = try holding()
        die(&world)
        world.advance(.seconds(800))
        world.source.behaviour = [.fails(DialFailure(.http(status: 403))), .fails(DialFailure(.tcp))]
        world.advance(.seconds(890))
        #expect(world.target.dials.isEmpty)
        world.advance(.seconds(400))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `fewer than five failed contacts prove nothing`() throws {
        var world = try holding {
            $0.backoff = Backoff(initial: .seconds(3000), maximum: .seconds(3000), floor: .seconds(600))
        }
        die(&world)
        var contacts = 1
        while world.target.dials.isEmpty, contacts < 20 {
            contacts += 1
            world.advance(.seconds(3000), until: { $0.source.dials.count > contacts || !$0.target.dials.isEmpty })
        }
        #expect(world.source.dials.count == 1 + StandbyPolicy.failedContacts)
    }

    @Test func `a standby server that does not accept the agent is tried again, and both are dialled in turn`() throws {
        var world = try holding()
        die(&world)
        world.target.behaviour = [.fails(DialFailure(.http(status: 403)))]
        world.advance(.seconds(1000), until: { !$0.target.dials.isEmpty })
        #expect(world.target.dials.count == 1 && world.disk.standby != nil)
        #expect(world.disk.verdict?.outcome == .applied, "the grant is held")
        let tried = world.source.dials.count
        world.advance(.seconds(600))
        #expect(world.target.dials.count > 1 && world.source.dials.count > tried)
        #expect(world.target.dials.count < 20, "with a backoff of its own")

        var back = world
        back.source.behaviour = [.works]
        back.advance(.seconds(61))
        #expect(back.disk.active.settings.endpoint == all.source.endpoint && back.line != nil)
        let dials = back.target.dials.count
        back.advance(.seconds(7200))
        #expect(back.target.dials.count == dials, "F63")

        world.target.behaviour = [.works]
        world.advance(.seconds(300))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `a grant that has ended is not used`() throws {
        var world = World(try all.configuration { $0.standby = StandbyPolicy() })
        world.start()
        world.offer(try grant(lasts: .seconds(600)))
        die(&world)
        world.advance(.seconds(7200))
        #expect(world.target.dials.isEmpty && world.disk.standby == nil)
        #expect(world.logged(.standbyForgotten)?["reason"]?.contains("expired") == true)
    }

    @Test func `a grant that the configuration file allows no more is not used`() throws {
        var world = try holding()
        world.agent.configuration.policy.allowedEndpoints = [try #require(EndpointPattern("source.example"))]
        world.restart()
        die(&world)
        world.advance(.seconds(7200))
        #expect(world.target.dials.isEmpty && world.disk.standby == nil)
        #expect(world.logged(.standbyForgotten)?["next"]?.contains("handover") == true)

        var raised = try holding()
        raised.agent.configuration.policy.minimumTLS = .tls13
        raised.restart()
        die(&raised)
        raised.advance(.seconds(1200))
        #expect(raised.target.dials.first?.settings.tls.minimum == .tls13)
    }

    @Test func `a handover, a way back and another leaf end the grant`() throws {
        var moved = try holding()
        moved.offer(try all.handover(epoch: 5))
        #expect(moved.disk.active.settings.endpoint == all.target.endpoint && moved.disk.standby == nil)

        var renewed = try holding()
        let leaf = try Authorities.leaf(from: all.source, over: all.agentKey, days: 700)
        renewed.offer(
            ConnectionSettingsOffers(
                hash: [3], opamp: OpAMPConnectionSettings(certificate: TLSCertificate(cert: Array(leaf.pem.utf8)))))
        #expect(renewed.disk.active.settings.leaf?.leaf == leaf.leaf && renewed.disk.standby == nil)
    }

    @Test func `F36 a grant has to keep the rules of offers, and some of its own`() throws {
        func refused(
            _ offers: ConnectionSettingsOffers,
            _ change: (inout AgentConfiguration) -> Void = { $0.standby = StandbyPolicy() }
        ) throws -> String? {
            var world = World(try all.configuration(change))
            world.start()
            world.offer(offers)
            #expect(world.disk.standby == nil)
            return world.source.statuses.last?.errorMessage
        }
        func edited(_ change: (inout OtherConnectionSettings) -> Void) throws -> ConnectionSettingsOffers {
            try grant { change(&$0.otherConnections["opamp-handover.standby", default: OtherConnectionSettings()]) }
        }
        #expect(try refused(grant(), { _ in })?.contains("offer.standby-off") == true)
        let beside = try grant { $0.opamp = OpAMPConnectionSettings(heartbeatIntervalSeconds: 20) }
        #expect(try refused(beside)?.contains("offer.standby-beside-settings") == true)
        #expect(try refused(edited { $0.otherSettings = [:] })?.contains("offer.standby-without-token") == true)
        #expect(try refused(edited { $0.destinationEndpoint = "" })?.contains("offer.standby-at-home") == true)
        #expect(try refused(grant(purpose: .handover))?.contains("wrong-purpose") == true)
        let elsewhere = try edited { $0.destinationEndpoint = all.third.endpoint.description }
        #expect(try refused(elsewhere)?.contains("wrong-endpoint") == true)
        let unsigned = try refused(grant()) {
            $0.standby = StandbyPolicy()
            $0.server.tokenSigners = nil
        }
        #expect(unsigned?.contains("offer.no-token-signers") == true)
        var world = World(try all.configuration { $0.standby = StandbyPolicy() })
        world.start()
        world.offer(try all.handover(epoch: 5))
        world.offer(try grant(epoch: 5, from: all.target, to: all.third))
        #expect(world.target.statuses.last?.errorMessage.contains("stale-epoch") == true && world.disk.standby == nil)
        // And a standby token moves nobody now.
        let token = try all.token(epoch: 4, purpose: .standby)
        var offer = try all.handover()
        offer.opamp?.headers = Headers(headers: [Header(key: "Handover-Token", value: token)])
        #expect(try refused(offer)?.contains("wrong-purpose") == true)
    }

    @Test func `a grant outlives the process, and a restart begins the wait anew`() throws {
        var world = try holding()
        world.source.behaviour = [.fails(DialFailure(.tcp))]
        world.breakLine()
        world.advance(.seconds(600))
        world.restart()
        #expect(world.disk.standby != nil)
        world.advance(.seconds(890))
        #expect(world.target.dials.isEmpty)
        world.advance(.seconds(300))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `a restart in the middle of the move goes on with it`() throws {
        var world = try holding()
        die(&world)
        world.target.behaviour = [.blackHole, .works]
        world.advance(.seconds(1100), until: { !$0.target.dials.isEmpty })
        #expect(world.disk.candidate?.isStandby == true)
        world.restart()
        #expect(world.disk.active.settings.endpoint == all.target.endpoint && world.disk.standby == nil)
    }

    @Test func `with a disk that fails nothing moves`() throws {
        var world = try holding()
        die(&world)
        world.diskWorks = false
        world.advance(.seconds(3600))
        #expect(world.target.dials.isEmpty)
        world.diskWorks = true
        world.advance(.seconds(600))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }
}
