import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

@Suite struct SessionTests {
    let all = Authorities.shared

    func world(at endpoint: Endpoint? = nil, _ change: (inout AgentConfiguration) -> Void = { _ in }) throws -> World {
        var world = World(try all.configuration(at: endpoint, change))
        world.start()
        return world
    }

    @Test func `C39 a reconnect repeats nothing that is known, and everything that got no answer`() throws {
        var world = try world()
        world.breakLine()
        #expect(world.logged(.lost)?["reason"] == MoveCause.tcp.sentence)
        #expect(world.logged(.lost)?["next"] == MoveCause.tcp.nextAction)
        world.advance(.seconds(2))
        #expect(
            world.trace == [
                "dial source.example", "source.example <- description health custom", "source.example <- standing",
                "dial source.example", "source.example <- standing",
            ])
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: false))))
        world.breakLine()
        world.advance(.seconds(5))
        #expect(world.source.received.last?.health?.healthy == false, "C50")
        #expect(world.source.received.last?.agentDescription != nil)
    }

    @Test func `C61 a server that does not list the capability gets the epoch in the header alone`() throws {
        for lists in [true, false] {
            var world = World(try all.configuration())
            if !lists { world.source.customCapabilities = ["com.example.other/1"] }
            world.start()
            #expect(world.source.received.first?.customMessage == nil, "nobody has listed it yet")
            world.advance(.seconds(100))
            world.breakLine()
            world.advance(.seconds(100))
            let said = world.source.received.compactMap(\.customMessage).map { HandoverEpoch(json: $0.data) }
            #expect(said == (lists ? [HandoverEpoch(0, handover: nil), HandoverEpoch(0, handover: nil)] : []))
            #expect(world.source.dials.map { headers($0)["Handover-Epoch"] } == ["0", "0"])
        }
    }

    @Test func `a candidate's server is told the epoch of the handover that leads to it`() throws {
        var world = try world()
        world.offer(try all.handover(epoch: 4, number: 0xC3))
        let id = String(repeating: "c3", count: 16)
        #expect(world.target.dials.map { headers($0)["Handover-Epoch"] } == ["4 \(id)"])
        world.breakLine()
        world.advance(.seconds(2))
        #expect(headers(try #require(world.target.dials.last))["Handover-Epoch"] == "4 \(id)")
    }

    private func headers(_ dial: Dial) -> [String: String] {
        Dictionary(uniqueKeysWithValues: dial.openingHeaders.map { ($0.name, $0.value.revealText()) })
    }

    @Test func `a server that closes without a word is believed to refuse the leaf the second time`() throws {
        var world = try world()
        let bare = DialFailure(.tlsLeafRefused, closedBeforeAnswer: true)
        world.source.behaviour = [.fails(bare), .works]
        world.breakLine(bare)
        #expect(world.logged(.lost)?["cause"] == "tcp")
        let again = try #require(world.timers[.retry])
        #expect(again < world.clock + .seconds(30))
        world.advance(.seconds(2))
        #expect(world.logged(.lost)?["cause"] == "tls-leaf-refused")
        #expect(try #require(world.timers[.retry]) >= world.clock + .seconds(28))
    }

    @Test func `C24 numbers rise by one with every message and go on over all lines`() throws {
        var world = try world(at: all.source.http)
        world.advance(.seconds(100))
        world.breakLine()
        world.advance(.seconds(100))
        let numbers = world.source.received.map(\.sequenceNumber)
        #expect(numbers.count > 5 && numbers == Array(1...UInt64(numbers.count)))
    }

    @Test func `C35 a full report is complete, and asked for again at once it waits its turn`() throws {
        var world = try world {
            $0.report.effectiveConfig = EffectiveConfig()
            $0.capabilities.insert(.reportsEffectiveConfig)
        }
        world.source.capabilities.insert(.acceptsEffectiveConfig)
        world.breakLine()
        world.advance(.seconds(2))
        let before = world.source.received.count
        for _ in 0..<50 { world.say(ServerToAgent(flags: .reportFullState, capabilities: world.source.capabilities)) }
        #expect(world.source.received.count == before + 1)
        #expect(world.source.received.last?.summary == "description health config custom")
        world.advance(.seconds(1))
        #expect(world.source.received.count == before + 2)
    }

    @Test func `C36 the agent does not use what a server lacks, and tries it at the next server`() throws {
        var world = World(
            try all.configuration {
                $0.report.effectiveConfig = EffectiveConfig()
                $0.capabilities.insert(.reportsEffectiveConfig)
            })
        world.source.capabilities = [.acceptsStatus]
        world.source.customCapabilities = []
        world.start()
        #expect(world.source.received[0].effectiveConfig != nil, "not known yet")
        world.say(ServerToAgent(flags: .reportFullState))
        #expect(world.source.received.last?.effectiveConfig == nil)
        world.breakLine()
        world.advance(.seconds(2))
        #expect(world.source.received.last?.customMessage == nil, "C61")
        world.offer(try all.handover())
        #expect(world.target.received[0].effectiveConfig != nil)
    }

    @Test func `C43 C45 a heartbeat counts from the last message and rests without a line`() throws {
        var world = try world()
        world.advance(.seconds(20))
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: false))))
        let count = world.source.received.count
        world.advance(.seconds(29))
        #expect(world.source.received.count == count)
        world.advance(.seconds(1))
        #expect(world.source.received.count == count + 1)
        #expect(world.source.received.last?.summary == "")
        world.source.behaviour = [.blackHole]
        world.breakLine()
        world.advance(.seconds(500))
        #expect(world.source.received.count == count + 1)
    }

    @Test func `C14 C15 over HTTP one request is open at a time and idle polls go on`() throws {
        var world = try world(at: all.source.http)
        #expect(world.timers[.heartbeat] == .seconds(30))
        world.advance(.seconds(95))
        #expect(world.source.received.count == 5, "three polls, after the report and the epoch")
        world.source.behaviour = [.silent]
        world.line?.behaviour = .silent
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: false))))
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: true))))
        #expect(world.source.received.count == 6, "the second waits for the answer")
        world.line?.behaviour = .works
        world.say(ServerToAgent())
        #expect(world.source.received.count == 7)
    }

    @Test func `C19 a message that is too large is not sent again, and what comes later is`() throws {
        var world = try world(at: all.source.http)
        world.line?.behaviour = .silent
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: false))))
        world.breakLine(DialFailure(.http(status: 413)))
        world.advance(.seconds(300))
        #expect(world.source.received.filter { $0.health?.healthy == false }.count == 1)
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: true))))
        world.advance(.seconds(60))
        #expect(world.source.received.contains { $0.health?.healthy == true })
    }

    @Test func `C19 what is too large with the configuration is said without it, until that is another`() throws {
        func config(_ byte: UInt8) -> EffectiveConfig {
            let file = AgentConfigFile(body: [byte], contentType: "")
            return EffectiveConfig(configMap: AgentConfigMap(configMap: ["": file]))
        }
        var world = World(
            try all.configuration(at: all.source.http) {
                $0.report.effectiveConfig = config(1)
                $0.capabilities.insert(.reportsEffectiveConfig)
            })
        world.source.capabilities.insert(.acceptsEffectiveConfig)
        world.source.behaviour = [.silent, .works]
        world.start()
        #expect(world.source.received.first?.effectiveConfig == config(1))
        world.breakLine(DialFailure(.http(status: 413)))
        #expect(world.logged(.lost)?["next"] == MoveCause.http(status: 413).nextAction)
        world.advance(.seconds(60))
        let first = try #require(
            world.source.received.first { $0.effectiveConfig == nil && $0.agentDescription != nil })
        #expect(first.health != nil)
        world.say(ServerToAgent(flags: .reportFullState, capabilities: world.source.capabilities))
        world.advance(.seconds(60))
        #expect(world.source.received.dropFirst().allSatisfy { $0.effectiveConfig == nil })
        world.run(
            .reportChanged(
                OwnReport(health: ComponentHealth(healthy: true), effectiveConfig: config(2))))
        world.advance(.seconds(60))
        #expect(world.source.received.contains { $0.effectiveConfig == config(2) })
    }

    @Test func `what cannot be encoded is not sent again, and its reason is said`() throws {
        var world = try world()
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: false))))
        let id = try #require(world.line?.id)
        let count = world.source.received.count
        world.run(.sendFailed(id, .notEncodable(reason: "the text in ComponentHealth.status contains a NUL")))
        world.say(ServerToAgent())
        #expect(world.source.received.count == count)
        #expect(world.logged(.sendFailed)?["reason"]?.contains("NUL") == true)
    }

    @Test func `C31 a message for another uid is ignored`() throws {
        var world = try world()
        let offer = try all.handover()
        let id = try #require(world.line?.id)
        let other = [UInt8](repeating: 1, count: 16)
        world.run(.received(id, ServerToAgent(instanceUID: other, connectionSettings: offer)))
        #expect(world.target.dials.isEmpty && world.logged(.ignoredMessage) != nil)
    }

    @Test func `C31 at home a server may leave the uid out`() throws {
        var world = World(try all.configuration())
        world.source.behaviour = [.namesNobody]
        world.start()
        guard case .online = world.agent.phase else {
            Issue.record("not online but \(world.agent.phase)")
            return
        }
    }

    @Test func `C32 a new uid is taken once a line, and junk never`() throws {
        var world = try world()
        for bytes in [[1], [UInt8](repeating: 0, count: 16), [UInt8](repeating: 3, count: 17)] {
            world.say(ServerToAgent(agentIdentification: AgentIdentification(newInstanceUID: bytes)))
            #expect(world.disk.instanceUID == all.uid)
        }
        for byte in [UInt8(3), 4, 5] {
            world.say(
                ServerToAgent(
                    agentIdentification: AgentIdentification(
                        newInstanceUID: [UInt8](repeating: byte, count: 16))))
        }
        #expect(world.disk.instanceUID.bytes == [UInt8](repeating: 3, count: 16))
        world.breakLine()
        world.advance(.seconds(2))
        let header = world.source.dials.last?.extraHeaders.first { $0.name == "OpAMP-Instance-UID" }
        #expect(header?.value.revealText() == world.disk.instanceUID.description, "C17")
    }

    @Test func `C23 a uid of the server is asked for until it comes, and never in a handover`() throws {
        var world = World(try all.configuration { $0.requestsInstanceUID = true })
        world.start()
        func asks() -> Bool { world.source.received.last?.flags == .requestInstanceUID }
        #expect(asks())
        world.say(ServerToAgent(agentIdentification: AgentIdentification(newInstanceUID: [1])))
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: false))))
        #expect(asks() && world.disk.awaitsInstanceUID, "junk is no answer")
        world.restart()
        #expect(asks())

        var moved = world
        moved.offer(try all.handover())
        #expect(moved.disk.active.settings.endpoint == all.target.endpoint && !moved.target.received.isEmpty)
        #expect(moved.target.received.allSatisfy { $0.flags.isEmpty }, "A3")

        var confirmed = world
        confirmed.say(ServerToAgent(agentIdentification: AgentIdentification(newInstanceUID: all.uid.bytes)))
        #expect(!confirmed.disk.awaitsInstanceUID)

        let uid = [UInt8](repeating: 3, count: 16)
        world.say(ServerToAgent(agentIdentification: AgentIdentification(newInstanceUID: uid)))
        #expect(world.disk.instanceUID.bytes == uid && !world.disk.awaitsInstanceUID)
        #expect(world.source.received.last?.flags == [] && world.source.received.last?.instanceUID == uid)
        world.restart()
        #expect(world.source.received.last?.flags == [])
    }

    @Test func `C47 what was bad is not sent again`() throws {
        var world = try world()
        world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: false))))
        let count = world.source.received.count
        world.say(ServerToAgent(errorResponse: ServerErrorResponse(type: .badRequest)))
        world.say(ServerToAgent())
        #expect(world.source.received.count == count)
    }

    @Test func `C48 an unavailable server is left alone as long as it asks`() throws {
        var world = try world()
        world.say(
            ServerToAgent(
                errorResponse: ServerErrorResponse(
                    type: .unavailable, retryInfo: RetryInfo(retryAfterNanoseconds: 90_000_000_000))))
        #expect(world.trace.suffix(2) == ["source.example <- disconnect", "close source.example"])
        world.advance(.seconds(89))
        #expect(world.source.dials.count == 1)
        world.advance(.seconds(2))
        #expect(world.source.dials.count == 2)
    }

    @Test func `C49 no server can silence the agent for ever`() throws {
        var world = try world()
        world.source.behaviour = [
            .fails(DialFailure(.http(status: 503), retryAfter: .seconds(10_000_000))), .works,
        ]
        world.breakLine()
        world.advance(.seconds(3700))
        #expect(world.source.dials.count == 3)
    }

    @Test func `C52 a refused agent asks slowly`() throws {
        var world = World(try all.configuration())
        world.source.behaviour = [.fails(DialFailure(.http(status: 401)))]
        world.start()
        world.advance(.seconds(300))
        #expect(world.source.dials.count <= 11)
    }

    @Test(arguments: [429, 503])
    func `C49 a server that asks for a pause, and not for how long, has half a minute at least`(status: Int) throws {
        var world = World(try all.configuration())
        world.source.behaviour = [.fails(DialFailure(.http(status: status)))]
        world.start()
        world.advance(.seconds(29))
        #expect(world.source.dials.count == 1)
        world.advance(.seconds(271))
        #expect((2...11).contains(world.source.dials.count))
    }

    @Test func `C49 so does one that is unavailable`() throws {
        var world = try world()
        world.say(ServerToAgent(errorResponse: ServerErrorResponse(type: .unavailable)))
        world.advance(.seconds(29))
        #expect(world.source.dials.count == 1)
        world.advance(.seconds(3))
        #expect(world.source.dials.count == 2)
    }

    /// A server on opamp-go whose callback has nothing to say.
    @Test func `a server that answers nothing over a WebSocket stays connected, and may answer later`() throws {
        var world = World(try all.configuration())
        world.source.behaviour = [.silent]
        world.start()
        world.advance(.seconds(300))
        #expect(world.source.dials.count == 1 && world.logged(.unanswered) != nil)
        #expect(world.source.received.count > 8, "heartbeats go on")
        #expect(world.logged(.online) == nil)
        world.say(ServerToAgent())
        #expect(world.logged(.online) != nil)
    }

    @Test func `C34 a restart is obeyed where the host allows it and then excludes everything else`() throws {
        let message = try ServerToAgent(
            connectionSettings: all.handover(), command: ServerToAgentCommand(type: .restart))
        var deaf = try world()
        deaf.say(message)
        #expect(deaf.logged(.restartRequested) == nil && deaf.target.dials.count == 1)
        var willing = try world { $0.capabilities.insert(.acceptsRestartCommand) }
        willing.say(message)
        #expect(willing.logged(.restartRequested) != nil && willing.target.dials.isEmpty)
    }

    @Test func `a remote configuration goes to the sink once and its outcome is reported and kept`() throws {
        var world = World(
            try all.configuration {
                $0.capabilities.formUnion([.acceptsRemoteConfig, .reportsRemoteConfig])
            })
        world.source.capabilities.insert(.offersRemoteConfig)
        world.start()
        let offered = AgentRemoteConfig(config: AgentConfigMap(), configHash: [5])
        world.say(ServerToAgent(remoteConfig: offered))
        world.say(ServerToAgent(remoteConfig: offered))
        #expect(world.directives.filter { $0 == .applyRemoteConfig(offered) }.count == 1)
        #expect(world.source.received.last?.remoteConfigStatus?.status == .applying)
        world.run(.remoteConfigFailed(hash: [4], message: "stale"))
        world.run(.remoteConfigFailed(hash: [5], message: "no"))
        #expect(world.source.received.last?.remoteConfigStatus?.errorMessage == "no")
        world.restart()
        world.say(ServerToAgent(remoteConfig: offered))
        #expect(world.directives.filter { $0 == .applyRemoteConfig(offered) }.count == 1)
        #expect(world.source.received.last?.remoteConfigStatus?.status == .failed)
    }

    private func configurable() throws -> World {
        var world = World(
            try all.configuration { $0.capabilities.formUnion([.acceptsRemoteConfig, .reportsRemoteConfig]) })
        world.source.capabilities.insert(.offersRemoteConfig)
        world.start()
        return world
    }

    private func applied(_ world: World) -> [[UInt8]] {
        world.directives.compactMap { if case .applyRemoteConfig(let config) = $0 { config.configHash } else { nil } }
    }

    @Test func `a configuration that failed is answered by its verdict, whatever came between`() throws {
        var world = try configurable()
        let (bad, good) = (AgentRemoteConfig(configHash: [5]), AgentRemoteConfig(configHash: [6]))
        world.say(ServerToAgent(remoteConfig: bad))
        world.run(.remoteConfigFailed(hash: [5], message: "no"))
        world.say(ServerToAgent(remoteConfig: good))
        world.run(.remoteConfigApplied(hash: [6]))
        world.restart(after: .seconds(400_000))
        world.say(ServerToAgent(remoteConfig: bad))
        world.advance(.seconds(2))
        #expect(applied(world) == [[5], [6]])
        #expect(
            world.source.received.last { $0.remoteConfigStatus != nil }?.remoteConfigStatus
                == RemoteConfigStatus(lastRemoteConfigHash: [5], status: .failed, errorMessage: "no"))
    }

    @Test func `a configuration whose failure may pass is tried again, after a wait that doubles`() throws {
        var world = try configurable()
        let offered = AgentRemoteConfig(configHash: [5])
        for (wait, tries) in [(0, 1), (200, 1), (101, 2), (400, 2), (201, 3)] {
            world.advance(.seconds(wait))
            world.say(ServerToAgent(remoteConfig: offered))
            #expect(applied(world).count == tries, "after \(wait) s")
            world.run(.remoteConfigFailed(hash: [5], message: "the disk is full", mayPass: true))
        }
        #expect(world.disk.failedConfigurations.map(\.failures) == [3])
        world.advance(.seconds(1201))
        world.say(ServerToAgent(remoteConfig: offered))
        world.run(.remoteConfigApplied(hash: [5]))
        #expect(world.disk.failedConfigurations.isEmpty)
    }

    @Test func `a failure counts for the server that offered the configuration`() throws {
        var world = try configurable()
        world.say(ServerToAgent(remoteConfig: AgentRemoteConfig(configHash: [5])))
        world.run(.remoteConfigFailed(hash: [5], message: "no"))
        world.say(ServerToAgent(remoteConfig: AgentRemoteConfig(configHash: [6])))
        world.run(.remoteConfigApplied(hash: [6]))
        world.offer(try all.handover())
        world.say(ServerToAgent(remoteConfig: AgentRemoteConfig(configHash: [5])))
        #expect(applied(world) == [[5], [6], [5]])
    }

    @Test func `C27 stopping disconnects on both transports`() throws {
        for endpoint in [all.source.endpoint, all.source.http] {
            var world = try world(at: endpoint)
            world.run(.stopRequested)
            #expect(world.trace.suffix(2) == ["source.example <- disconnect", "close source.example"])
            #expect(world.isFinished && world.timers.isEmpty)
        }
    }

    @Test func `F58 stopping during a move keeps the candidate for the next process`() throws {
        var world = try world()
        world.target.behaviour = [.silent, .works]
        world.offer(try all.handover())
        world.run(.stopRequested)
        #expect(world.isFinished && world.disk.candidate != nil)
        world.restart()
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
    }

    @Test func `Z4 an offer without a hash is judged, not remembered and not reported`() throws {
        var world = try world()
        world.target.behaviour = [.fails(DialFailure(.tlsName))]
        var offer = try all.handover()
        offer.hash = []
        world.offer(offer)
        world.advance(.seconds(5))
        for _ in 0..<5 { world.offer(offer) }
        #expect(world.target.dials.count == 2, "the first failure is repeated at once, the next ones wait")
        #expect(world.disk.failedOffers.isEmpty && world.source.statuses.isEmpty)
        world.offer(ConnectionSettingsOffers(hash: [UInt8](repeating: 1, count: 65), opamp: OpAMPConnectionSettings()))
        #expect(world.source.statuses.isEmpty && world.logged(.offerIgnored) != nil)
    }

    @Test func `Z10 an offer of other connections only has a verdict, so that it is not repeated for ever`() throws {
        var world = try world()
        world.offer(ConnectionSettingsOffers(hash: [8]))
        world.advance(.seconds(2))
        #expect(world.source.statuses.last?.status == .failed)
        #expect(world.source.statuses.last?.errorMessage.contains("offer.other-settings-only") == true)
    }

    @Test func `an agent that accepts no connection settings asks for no leaf, which would be one`() throws {
        var world = try world {
            $0.capabilities.remove(.acceptsOpAMPConnectionSettings)
            $0.timings.renewal = .seconds(100 * 365 * 86_400)
        }
        world.offer(try all.handover())
        world.advance(.seconds(10_000))
        #expect(!world.source.received.contains { $0.connectionSettingsRequest != nil })
        #expect(world.target.dials.isEmpty && world.logged(.offerIgnored) != nil)
    }

    @Test(arguments: [(0, 0.0, 1.0), (3, 0.0, 8.0), (50, 0.0, 300.0)])
    func `the backoff draws from nothing to a ceiling that doubles`(attempt: Int, least: Double, most: Double) {
        let backoff = Backoff()
        let draws = [0, UInt64.max / 2, UInt64.max].map { backoff.wait(attempt: attempt, chance: $0) / .seconds(1) }
        #expect(draws[0] == 0.05 && draws == draws.sorted())
        #expect(draws[2] <= most && draws[2] > most * 0.99)
        #expect(backoff.wait(attempt: attempt, chance: 0, advice: .seconds(7)) == .seconds(7))
    }
}
