import AgentCore
import AgentExtension
import Certificates
import Foundation
import OpAMPProto
import ScriptedOpAMPServer
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

/// The agent inside a host program, against servers on another network stack.
@Suite(.timeLimit(.minutes(2))) struct JourneyTests {
    static let schemes = ["wss", "https"]

    /// An enrolled agent at a source, and a target beside it.
    private func withWorld(
        _ scheme: String, extra: String = "", _ body: (Running) async throws -> Void
    ) async throws {
        let source = try await ScriptedOpAMPServer.start("EU")
        let target = try await ScriptedOpAMPServer.start("US")
        defer {
            source.stop()
            target.stop()
        }
        let host = try HostDirectory()
        try host.configure(for: source, scheme: scheme, extra: extra)
        var configuration = try HostConfiguration(file: host.configuration)
        configuration.bootstrapToken = Secret("opamp-bt.canary-bootstrap")
        let log = LogBook()
        let enrolled = try await Enrolment(configuration, log: log.sink).finish(within: .seconds(60))
        #expect(enrolled.leaf == host.leaf?.fingerprint)
        let agent = try AgentExtension.start(try HostConfiguration(file: host.configuration), log: log.sink)
        let running = Running(source: source, target: target, host: host, agent: agent, log: log, scheme: scheme)
        try #require(await eventually { await agent.snapshot.contact == .online })
        try await body(running)
        await agent.stop()
        #expect(log.text.contains("agent.stopped"))
        for canary in ["canary", "opamp-ho.", "BEGIN"] { #expect(!log.text.contains(canary)) }
    }

    struct Running {
        let source: ScriptedOpAMPServer
        let target: ScriptedOpAMPServer
        let host: HostDirectory
        let agent: AgentExtension
        let log: LogBook
        let scheme: String

        func handover() throws -> ConnectionSettingsOffers {
            try source.handover(
                of: try #require(host.leaf), uid: try #require(host.uid), to: target, scheme: scheme)
        }

        func verdict(at opampServer: ScriptedOpAMPServer, of offer: ConnectionSettingsOffers)
            -> ConnectionSettingsStatus?
        {
            opampServer.settingsStatuses.last { $0.lastConnectionSettingsHash == offer.hash && $0.status != .applying }
        }
    }

    @Test(arguments: schemes)
    func `a first report is full, and heartbeats follow`(scheme: String) async throws {
        try await withWorld(scheme, extra: "agent_description: {identifying_attributes: {service.name: n}}") { world in
            let uid = try #require(world.host.uid)
            let first = try #require(world.source.heard.first { $0.leaf != nil })
            #expect(first.message.instanceUID == uid.bytes)
            #expect(first.message.capabilities.isSuperset(of: .handoverDefault))
            #expect(
                first.message.agentDescription?.identifyingAttributes == [
                    KeyValue(key: "service.name", value: .string("n")),
                    KeyValue(key: "service.instance.id", value: .string(uid.description)),
                ])
            #expect(first.headers["opamp-instance-uid"] == uid.description)
            #expect(first.headers["authorization"] == nil)
            // The interval of the configuration file is a second.
            let count = world.source.heard.count
            #expect(await eventually { world.source.heard.count >= count + 2 })
        }
    }

    @Test(arguments: schemes)
    func `an offer is verified and adopted, and the agent stays who it is`(scheme: String) async throws {
        try await withWorld(scheme) { world in
            let before = ["leaf.key", "leaf.pem", "identity"].map(world.host.bytes)
            let offer = try world.handover()
            world.source.offer(offer)
            #expect(
                await eventually { world.verdict(at: world.target, of: offer)?.status == .applied }, "\(world.log.text)"
            )
            #expect(await world.agent.snapshot.endpoint == (try world.target.endpoint(scheme)))
            #expect(["leaf.key", "leaf.pem", "identity"].map(world.host.bytes) == before)
            #expect(world.source.settingsStatuses.contains { $0.status == .applying })
            #expect(await eventually { world.source.heard.last?.message.agentDisconnect == true })
            #expect(await eventually { world.source.openConnectionCount == 0 })
            let first = try #require(world.target.heard.first)
            #expect(first.headers["handover-id"] != nil)
            #expect(first.headers["handover-token"] == nil)
            #expect(first.leaf == world.host.leaf?.fingerprint)
        }
    }

    @Test(arguments: schemes, [401, 403, 404, 500])
    func `F4 a candidate that refuses sends the agent back with FAILED`(scheme: String, status: Int) async throws {
        try await withWorld(scheme) { world in
            world.target.become(.refusing(status: status))
            let offer = try world.handover()
            world.source.offer(offer)
            #expect(
                await eventually { world.verdict(at: world.source, of: offer)?.status == .failed }, "\(world.log.text)")
            #expect(world.verdict(at: world.source, of: offer)?.errorMessage.hasPrefix("http-\(status)") == true)
            #expect(await eventually { await world.agent.snapshot.contact == .online })
            #expect(await world.agent.snapshot.endpoint == (try world.source.endpoint(scheme)))
            #expect(world.target.heard.isEmpty)
        }
    }

    @Test(arguments: schemes)
    func `F6 a new server that says nothing sends the agent back when its time is over`(scheme: String) async throws {
        try await withWorld(scheme, extra: "handover: {verification_timeout: 1s}") { world in
            world.target.become(.silent)
            let offer = try world.handover()
            world.source.offer(offer)
            #expect(
                await eventually { world.verdict(at: world.source, of: offer)?.status == .failed }, "\(world.log.text)")
            #expect(world.verdict(at: world.source, of: offer)?.errorMessage.hasPrefix("timeout") == true)
        }
    }

    @Test func `A4 a candidate that talks nonsense is let go before anything is said to the source again`() async throws
    {
        try await withWorld("wss") { world in
            let port = world.target.port
            let held = Locked<[Int]>([])
            world.target.become(.babbling)
            world.source.whenAsked { held.withLock { $0.append(ownSockets(connectedTo: port)) } }
            let offer = try world.handover()
            world.source.offer(offer)
            #expect(
                await eventually { world.verdict(at: world.source, of: offer)?.status == .failed }, "\(world.log.text)")
            #expect(world.verdict(at: world.source, of: offer)?.errorMessage.hasPrefix("protocol") == true)
            #expect(held.withLock { $0 } == [0])
        }
    }

    @Test func `an untrusted target is refused before the agent says anything to it`() async throws {
        try await withWorld("wss") { world in
            var offer = try world.handover()
            // The target's certificate does not chain to what the token names; the token itself is good.
            let impostor = try await ScriptedOpAMPServer.start("impostor")
            defer { impostor.stop() }
            offer = try world.source.handover(
                of: try #require(world.host.leaf), uid: try #require(world.host.uid), to: impostor)
            let lie = OpAMPConnectionSettings(
                destinationEndpoint: try impostor.endpoint().description, headers: offer.opamp?.headers,
                certificate: offer.opamp?.certificate,
                tls: TLSConnectionSettings(caPEMContents: world.target.authority.certificate.pem))
            world.source.offer(ConnectionSettingsOffers(hash: [1, 2, 3], opamp: lie))
            #expect(
                await eventually { world.source.settingsStatuses.contains { $0.status == .failed } },
                "\(world.log.text)")
            #expect(impostor.heard.isEmpty)
        }
    }

    @Test func `remote configuration reaches the sink and its status the server`() async throws {
        let host = try HostDirectory()
        try await withWorld(
            "wss",
            extra: "config_sink: {path: \(host.path)/sink.yaml, reload_command: 'test -s \(host.path)/sink.yaml'}"
        ) { world in
            let file = AgentConfigFile(body: Array("a: 1\n".utf8), contentType: "text/yaml")
            world.source.offer(AgentRemoteConfig(config: AgentConfigMap(configMap: ["": file]), configHash: [9]))
            #expect(
                await eventually {
                    world.source.heard.contains { $0.message.remoteConfigStatus?.status == .applied }
                }, "\(world.log.text)")
            #expect(
                await eventually {
                    world.source.heard.contains {
                        $0.message.effectiveConfig?.configMap?.configMap[""]?.body == file.body
                    }
                })
            let inEffect = { FileManager.default.contents(atPath: "\(host.path)/sink.yaml").map(Array.init) }
            #expect(inEffect() == file.body)
            let empty = AgentConfigFile(body: [])
            world.source.offer(AgentRemoteConfig(config: AgentConfigMap(configMap: ["": empty]), configHash: [10]))
            #expect(
                await eventually {
                    world.source.heard.contains { $0.message.remoteConfigStatus?.status == .failed }
                })
            #expect(inEffect() == file.body)
        }
    }

    @Test(arguments: schemes)
    func `a certificate with an offered key is presented, and its key stays in the state`(scheme: String) async throws {
        try await withWorld(scheme, extra: "handover: {accept_offered_keys: true}") { world in
            let pair = try world.source.authority.agent()
            let offer = ConnectionSettingsOffers(
                hash: [4],
                opamp: OpAMPConnectionSettings(
                    certificate: TLSCertificate(
                        cert: Array(pair.certificate.pem.utf8), privateKey: pair.key.pem.reveal()),
                    heartbeatIntervalSeconds: 1))
            world.source.offer(offer)
            #expect(
                await eventually { world.verdict(at: world.source, of: offer)?.status == .applied }, "\(world.log.text)"
            )
            #expect(world.source.heard.last?.leaf == pair.certificate.fingerprint)
            #expect(world.host.leaf == pair.certificate)
            let mode = try FileManager.default.attributesOfItem(atPath: world.host.state + "/connection")[
                .posixPermissions]
            #expect(mode as? Int == 0o600)
            for file in ["leaf.key", "leaf.pem", "identity"] {
                #expect(world.host.text(file)?.contains(pair.key.pem.revealText()) == false)
            }
        }
    }

    @Test func `what the host says about itself is reported`() async throws {
        try await withWorld("wss", extra: "capabilities: {reports_effective_config: true}") { world in
            await world.agent.setHealth(ComponentHealth(healthy: false, lastError: "out of cheese"))
            #expect(
                await eventually { world.source.heard.contains { $0.message.health?.lastError == "out of cheese" } })

            let shop = KeyValue(key: "shop", value: .string("cheese"))
            await world.agent.setDescription(AgentDescription(nonIdentifyingAttributes: [shop]))
            #expect(
                await eventually {
                    world.source.heard.contains { $0.message.agentDescription?.nonIdentifyingAttributes == [shop] }
                })
            // The host's description does not take the agent's identity away.
            let uid = try #require(world.host.uid).description
            #expect(
                world.source.heard.last { $0.message.agentDescription != nil }?.message.agentDescription?
                    .identifyingAttributes == [KeyValue(key: "service.instance.id", value: .string(uid))])

            let file = AgentConfigFile(body: Array("cheese: none".utf8))
            await world.agent.setEffectiveConfiguration(
                EffectiveConfig(configMap: AgentConfigMap(configMap: ["": file])))
            #expect(
                await eventually {
                    world.source.heard.contains { $0.message.effectiveConfig?.configMap?.configMap[""] == file }
                })
        }
    }

    /// Takes metrics whose endpoint is on the list.
    private final class HostConnections: ConnectionsSink {
        let taken: AgentCapabilities = [.reportsOwnMetrics, .acceptsRemoteConfig]
        let heard = Locked<[ConnectionSettingsOffers]>([])

        func apply(_ offered: ConnectionSettingsOffers) async throws(ConnectionsRejection) {
            heard.withLock { $0.append(offered) }
            guard offered.ownMetrics?.destinationEndpoint == "https://metrics.example/" else {
                throw ConnectionsRejection("no such place")
            }
        }
    }

    @Test func `a host program decides about its own connections and says what it can do`() async throws {
        let source = try await ScriptedOpAMPServer.start("EU")
        defer { source.stop() }
        let host = try HostDirectory()
        try host.configure(for: source)
        var configuration = try HostConfiguration(file: host.configuration)
        configuration.bootstrapToken = Secret("opamp-bt.canary-bootstrap")
        configuration.messageLimits.sent = 1 << 16
        let connections = HostConnections()
        let agent = try AgentExtension.start(configuration, connections: connections, log: LogBook().sink)
        try #require(await eventually { await agent.snapshot.leaf != nil })
        try #require(await eventually { await agent.snapshot.contact == .online })
        let capabilities = await agent.capabilities
        #expect(capabilities == .handoverDefault.union(.reportsOwnMetrics))

        for (number, place) in ["https://metrics.example/", "https://elsewhere.example/"].enumerated() {
            let offer = ConnectionSettingsOffers(
                hash: [UInt8(number), 1], ownMetrics: TelemetryConnectionSettings(destinationEndpoint: place))
            source.offer(offer)
            let expected: ConnectionSettingsStatuses = number == 0 ? .applied : .failed
            #expect(
                await eventually {
                    source.settingsStatuses.contains {
                        $0.lastConnectionSettingsHash == offer.hash && $0.status == expected
                    }
                })
        }
        #expect(connections.heard.withLock { $0.count } == 2)
        #expect(source.settingsStatuses.last?.errorMessage.contains("no such place") == true)

        await agent.setCapabilities([.reportsHealth, .acceptsPackages, .acceptsOtherConnectionSettings])
        #expect(await eventually { source.heard.last?.message.capabilities == [.reportsStatus, .reportsHealth] })
        try await agent.setAvailableComponents(["receiver": ComponentDetails()])
        #expect(await eventually { source.heard.contains { $0.message.availableComponents?.hash.count == 32 } })
        let question = CustomMessage(capability: "com.example.a", type: "ask", data: [1])
        await #expect(throws: CustomMessageRefusal.notOwnCapability) { try await agent.send(question) }
        await agent.setCustomCapabilities(["com.example.a"])
        await #expect(throws: CustomMessageRefusal.notListedByServer) { try await agent.send(question) }
        source.say(ServerToAgent(customMessage: question))
        var messages = agent.customMessages.makeAsyncIterator()
        #expect(await messages.next() == question)
        // The server's answer to a heartbeat lists other capabilities again.
        #expect(
            await eventually {
                source.say(
                    ServerToAgent(customCapabilities: CustomCapabilities(capabilities: ["com.example.a"])))
                return (try? await agent.send(question)) != nil
            })
        #expect(await eventually { source.heard.contains { $0.message.customMessage == question } })
        await #expect(throws: CustomMessageRefusal.tooLarge) {
            try await agent.send(
                CustomMessage(capability: "com.example.a", data: [UInt8](repeating: 0, count: 1 << 16)))
        }
        await agent.stop()
    }

    @Test func `C8 a message without a header is read where the host says so`() async throws {
        let source = try await ScriptedOpAMPServer.start("EU")
        defer { source.stop() }
        let host = try HostDirectory()
        try host.configure(for: source, extra: "limits:\n  accept_headerless_messages: true\n")
        #expect(try await host.enrol().status == 0)
        let agent = try host.run()
        #expect(
            await eventually { source.heard.contains { $0.leaf != nil && $0.message.health?.healthy == true } },
            "\(agent.log)")
        let count = source.heard.count { $0.message.agentDescription != nil }
        source.sayRaw(try ServerToAgent(flags: .reportFullState).encoded())
        #expect(
            await eventually { source.heard.count { $0.message.agentDescription != nil } > count }, "\(agent.log)")
        #expect(!agent.log.contains("connection.lost"))
        agent.send(SIGTERM)
        _ = await agent.end()
    }

    @Test func `nonsense on the line ends the line, and the agent comes back`() async throws {
        try await withWorld("wss") { world in
            let count = world.source.requests.count
            world.source.sayRaw([1, 2, 3])
            #expect(await eventually { world.source.requests.count > count })
            #expect(await eventually { await world.agent.snapshot.contact == .online })
        }
    }
}

/// What was logged, as a person would read it.
final class LogBook: Sendable {
    private let lines = Locked<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
    var sink: AgentLog {
        AgentLog(minimum: .debug) { [lines] line in lines.withLock { $0.append(line.formatted(.text)) } }
    }
}
