import Certificates
import HandoverToken
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

@Suite struct EnrolmentTests {
    let all = Authorities.shared

    func answer(_ change: (inout OpAMPConnectionSettings) -> Void = { _ in }) -> ServerToAgent {
        var offer = OpAMPConnectionSettings(
            certificate: TLSCertificate(cert: Array(all.leaf.pem.utf8)), heartbeatIntervalSeconds: 30)
        change(&offer)
        return ServerToAgent(
            connectionSettings: ConnectionSettingsOffers(hash: [1], opamp: offer),
            customMessage: CustomMessage(
                capability: MoveMessage.capability, type: MoveMessage.trustType,
                data: Array(all.source.certificate.pem.utf8)))
    }

    func unenrolled() throws -> World { World(try all.configuration(isEnrolled: false)) }

    func bearers(_ server: FakeServer) -> [String] {
        server.dials.flatMap(\.extraHeaders).filter { $0.name == "Authorization" }.map { $0.value.revealText() }
    }

    @Test func `A9 a bootstrap token and a signing request become a leaf, and the token is never sent again`() throws {
        var world = try unenrolled()
        world.start()
        #expect(
            world.trace == [
                "dial source.example", "source.example <- description health custom", "source.example <- csr standing",
            ])
        let csr = world.source.received.last?.connectionSettingsRequest?.opamp?.certificateRequest?.csr
        #expect(csr.map { String(decoding: $0, as: UTF8.self) } == all.request)
        world.say(answer())
        #expect(world.disk.active.settings.leaf == all.leaf && world.disk.isEnrolled)
        #expect(world.disk.active.tokenSigners == (try all.source.tokenSigners))
        #expect(world.source.dials.last?.settings.leaf == all.leaf)
        #expect(
            world.source.received.suffix(2).map(\.summary) == [
                "description health custom applying", "applied standing",
            ])
        world.breakLine()
        world.advance(.seconds(10))
        world.restart()
        #expect(bearers(world.source) == ["Bearer canary-bootstrap"])
        #expect(!world.disk.json.description.contains("canary"))
    }

    @Test func `what else comes with the leaf is proven, and the leaf stays if it fails`() throws {
        for works in [true, false] {
            var world = try unenrolled()
            world.start()
            if !works { world.source.behaviour = [.fails(DialFailure(.tlsUntrusted)), .works] }
            world.say(answer { $0.tls = TLSConnectionSettings(caPEMContents: self.all.third.certificate.pem) })
            #expect(world.disk.active.settings.leaf == all.leaf && world.disk.isEnrolled)
            #expect(world.disk.active.settings.trust == (works ? all.third.trust : all.source.trust))
            #expect(world.disk.active.tokenSigners == (try all.source.tokenSigners))
            #expect(world.source.statuses.last?.status == (works ? .applied : .failed))
            #expect(bearers(world.source).count == 1)
        }
    }

    @Test func `a leaf over another key, or for another server, is refused`() throws {
        let stranger = try Authorities.leaf(
            from: all.source, over: PrivateKey.generateP256(), days: 9)
        let answers = [
            answer { $0.certificate?.cert = Array(stranger.pem.utf8) },
            answer { $0.destinationEndpoint = self.all.target.endpoint.description },
        ]
        for answer in answers {
            var world = try unenrolled()
            world.start()
            world.say(answer)
            #expect(world.disk.active.settings.leaf == nil && !world.disk.isEnrolled)
            #expect(world.source.statuses.last?.status == .failed)
            #expect(world.source.dials.count == 1)
        }
    }

    @Test func `why the server refused the signing request is passed on, within bounds`() throws {
        var world = try unenrolled()
        world.source.behaviour = [.silent]
        world.start()
        world.say(ServerToAgent(capabilities: world.source.capabilities))
        let reason = "the group is full" + String(repeating: ".", count: 1000)
        world.say(ServerToAgent(errorResponse: ServerErrorResponse(type: .badRequest, errorMessage: reason)))
        #expect(world.logged(.leafRefused)?["reason"] == String(reason.prefix(1000)))
    }

    @Test func `a leaf that cannot be stored is not used`() throws {
        var world = try unenrolled()
        world.start()
        world.diskWorks = false
        world.say(answer())
        #expect(world.agent.state.active.settings.leaf == nil && !world.agent.state.isEnrolled)
        world.diskWorks = true
        world.restart()
        world.say(answer())
        #expect(world.disk.active.settings.leaf == all.leaf)
    }

    @Test func `a process that dies anywhere in an enrolment is enrolled by the next one`() throws {
        for saves in 1...5 {
            var world = try unenrolled()
            world.savesUntilCrash = saves
            world.start()
            if !world.crashed { world.say(answer()) }
            if world.crashed { world.restart() }
            if !world.disk.isEnrolled { world.say(answer()) }
            #expect(world.disk.isEnrolled && world.disk.active.tokenSigners != nil)
            guard case .online = world.agent.phase else {
                Issue.record("not online after a crash at save \(saves)")
                continue
            }
        }
    }

    @Test func `signers are taken at the enrolment, and later only from a signer already held`() throws {
        var world = World(try all.configuration())
        world.start()
        let third = MoveMessage.trustType
        world.say(
            ServerToAgent(
                customMessage: CustomMessage(
                    capability: MoveMessage.capability, type: third, data: Array(all.third.certificate.pem.utf8))))
        #expect(world.disk.active.tokenSigners == (try all.source.tokenSigners))

        func statement(by signer: Authorities.Authority, version: Int64) throws -> ServerToAgent {
            try all.statement(by: signer, version: version, of: [all.source.certificate, all.third.certificate])
        }
        world.say(try statement(by: all.third, version: 2))
        #expect(world.disk.active.tokenSigners?.certificates.count == 1)
        world.say(try statement(by: all.source, version: 2))
        #expect(world.disk.active.tokenSigners?.certificates.count == 2 && world.disk.active.signersVersion == 2)
        for _ in 1...2 {
            let saves = world.saves.count
            world.say(try statement(by: all.source, version: 2))
            world.say(try statement(by: all.source, version: 1))
            #expect(world.saves.count == saves, "no version counts twice, nor an older one after it")
            world.restart()
            #expect(world.disk.active.tokenSigners?.certificates.count == 2 && world.disk.active.signersVersion == 2)
        }
        var edited = World(try all.configuration { $0.digest = [2] }, state: world.disk)
        edited.start()
        #expect(edited.disk.active.tokenSigners == (try all.source.tokenSigners), "the operator has the last word")
        #expect(edited.disk.active.signersVersion == 0)
    }

    @Test func `neither the bootstrap token nor announced signers go along to another server`() throws {
        var world = try unenrolled()
        world.start()
        var announcement = answer()
        announcement.connectionSettings = nil
        world.say(announcement)
        world.offer(
            ConnectionSettingsOffers(
                hash: [2],
                opamp: OpAMPConnectionSettings(
                    destinationEndpoint: all.target.endpoint.description, heartbeatIntervalSeconds: 30,
                    tls: TLSConnectionSettings(caPEMContents: all.target.certificate.pem))))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
        world.breakLine()
        world.advance(.seconds(2))
        #expect(world.target.dials.count == 2 && bearers(world.target).isEmpty)
        var leaf = answer()
        leaf.customMessage = nil
        world.say(leaf)
        #expect(world.disk.active.settings.leaf == all.leaf && world.disk.active.tokenSigners == nil)
    }

    func due(_ leaf: LeafChain) -> (inout AgentConfiguration) -> Void {
        {
            $0.server.settings.leaf = leaf
            $0.timings.renewal = .seconds(30 * 86_400)
        }
    }

    @Test func `a leaf near its end is renewed over the same key, once a day`() throws {
        let old = try Authorities.leaf(from: all.source, over: all.agentKey, days: 20)
        var world = World(try all.configuration(due(old)))
        world.start()
        world.advance(.seconds(3600))
        #expect(world.source.received.filter { $0.connectionSettingsRequest != nil }.count == 1)
        world.say(answer())
        #expect(world.disk.active.settings.leaf == all.leaf)
        world.advance(.seconds(3600))
        #expect(world.source.received.filter { $0.connectionSettingsRequest != nil }.count == 1)
    }

    @Test(arguments: [true, false])
    func `the end of a leaf is said before it comes and when it has come, and who can help`(isOfTheHost: Bool) throws {
        let leaf = try Authorities.leaf(from: all.source, over: all.agentKey, days: 9)
        var world = World(
            try all.configuration {
                $0.server.settings.leaf = leaf
                $0.hasLeafOfItsOwn = isOfTheHost
            })
        world.source.capabilities = [.acceptsStatus]
        world.start()
        world.advance(.seconds(7 * 86_400))
        #expect(world.logged(.leafEnds) == nil)
        world.advance(.seconds(86_400))
        #expect(world.log.count { $0.event == .leafEnds } == 1 && world.logged(.leafEnded) == nil)
        world.source.behaviour = [.fails(DialFailure(.tlsLeafRefused))]
        world.breakLine()
        world.advance(.seconds(2 * 86_400))
        #expect(world.log.count { $0.event == .leafEnded } == 1)
        let next = try #require(world.logged(.leafEnded)?["next"])
        #expect(next.contains(isOfTheHost ? "cert_file" : "bootstrap-token create"))
    }

    @Test func `an offer that takes the leaf and brings credentials leads to another leaf`() throws {
        var world = World(
            try all.configuration {
                $0.policy.absentCertificate = .drop
                $0.policy.requiresToken = .never
            })
        world.start()
        world.offer(
            ConnectionSettingsOffers(
                hash: [2],
                opamp: OpAMPConnectionSettings(
                    destinationEndpoint: all.target.endpoint.description,
                    headers: Headers(headers: [Header(key: "Authorization", value: "Bearer canary")]),
                    heartbeatIntervalSeconds: 30, tls: TLSConnectionSettings(caPEMContents: all.target.certificate.pem))
            ))
        #expect(world.disk.active.settings.endpoint == all.target.endpoint && world.disk.active.settings.leaf == nil)
        #expect(requests(world.target) == 1)
        var leaf = answer()
        leaf.customMessage = nil
        world.say(leaf)
        #expect(world.disk.active.settings.leaf == all.leaf && world.target.dials.last?.settings.leaf == all.leaf)
    }

    // MARK: Answers that are lost

    func requests(_ server: FakeServer) -> Int {
        server.received.filter { $0.connectionSettingsRequest != nil }.count
    }

    /// An agent whose leaf is due, and whose signing request is out.
    func asking(at endpoint: Endpoint? = nil) throws -> World {
        let old = try Authorities.leaf(from: all.source, over: all.agentKey, days: 20)
        var world = World(try all.configuration(at: endpoint, due(old)))
        world.start()
        world.advance(.seconds(40))
        #expect(requests(world.source) == 1)
        return world
    }

    @Test(arguments: [true, false])
    func `a signing request without an answer is repeated over the next connection`(isWebSocket: Bool) throws {
        var world = try asking(at: isWebSocket ? all.source.endpoint : all.source.http)
        world.breakLine()
        world.advance(.seconds(60)) { requests($0.source) == 2 }
        let csrs = world.source.received.compactMap(\.connectionSettingsRequest?.opamp?.certificateRequest?.csr)
        #expect(csrs.count == 2 && Set(csrs).count == 1, "over the same key")
        world.say(answer())
        world.advance(.seconds(60))
        #expect(world.disk.active.settings.leaf == all.leaf)
        world.breakLine()
        world.advance(.seconds(3600))
        #expect(requests(world.source) == 2, "an answer ends it")
    }

    @Test func `a signing request in flight survives a move to other settings of the same server`() throws {
        var world = try asking()
        world.say(try all.statement(by: all.source, version: 2, of: [all.source, all.third].map(\.certificate)))
        world.offer(
            ConnectionSettingsOffers(
                hash: [5],
                opamp: OpAMPConnectionSettings(
                    heartbeatIntervalSeconds: 30,
                    tls: TLSConnectionSettings(caPEMContents: all.third.certificate.pem))))
        #expect(world.disk.active.settings.trust == all.third.trust && world.disk.probation != nil)
        #expect(requests(world.source) == 2, "asked again, probation or not")
        world.say(answer())
        #expect(world.disk.active.settings.leaf == all.leaf)
    }

    @Test func `a handover forgets a signing request, and the target is asked once it has settled`() throws {
        let old = try Authorities.leaf(from: all.source, over: all.agentKey, days: 20)
        var world = World(
            try all.configuration {
                due(old)(&$0)
                $0.server.settings.heartbeat = nil
            })
        world.start()
        #expect(requests(world.source) == 1)
        var offer = try all.handover(to: all.target, probation: .seconds(60))
        let token = try all.token(leaf: old, probation: .seconds(60))
        offer.opamp?.headers = Headers(headers: [Header(key: "Handover-Token", value: token)])
        offer.opamp?.certificate = TLSCertificate(cert: Array(old.pem.utf8))
        offer.opamp?.heartbeatIntervalSeconds = 0
        world.offer(offer)
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
        world.say(ServerToAgent())
        world.advance(.seconds(59))
        #expect(requests(world.target) == 0)
        world.advance(.seconds(2))
        #expect(requests(world.target) == 1, "without a heartbeat, too")
    }
}
