public import AgentCore
import Certificates
import ClientTransport
public import OpAMPProto
import Vocabulary

/// An OpAMP agent inside a host program, which imports `AgentExtension`, `AgentCore`, `OpAMPProto` and `Vocabulary`
/// from the product of this name.
///
///     let agent = try AgentExtension.start(try HostConfiguration(file: "/etc/agent.yaml"))
///     let reader = Task {
///         for await news in agent.news { print(news.at, news.event.rawValue, news.snapshot.endpoint) }
///     }
///     await agent.setHealth(ComponentHealth(healthy: true, status: "running"))
///     // What the host is there for.
///     await agent.stop()
///     await reader.value
///
/// It has one thread of its own, one more for a connection through an https proxy and while it dials, and blocks none of the
/// host's; many agents share theirs by `AgentLoops`. One state directory serves one agent at a time.
public struct AgentExtension: Sendable {
    /// Everything that happens, in order, until the agent has ended. One reader.
    public let news: AsyncStream<AgentNews>
    /// What servers send by custom capabilities of the host's. One reader; of what it does not read the newest 16 are kept.
    public let customMessages: AsyncStream<CustomMessage>
    private let shell: AgentShell
    /// `nil` for an agent with a loop of its own.
    private let loops: AgentLoops?

    /// Takes hold of the state directory and begins to connect; does not wait for a server.
    ///
    /// - Parameters:
    ///   - loops: shared with other agents; without them the agent has a loop of its own.
    ///   - sink: where remote configuration goes; by default what the configuration says.
    ///   - connections: where offered settings of the host's own connections go; without it they are refused.
    public static func start(
        _ configuration: HostConfiguration, on loops: AgentLoops? = nil, sink: (any ConfigurationSink)? = nil,
        connections: (any ConnectionsSink)? = nil, log: AgentLog? = nil
    ) throws(StateFailure) -> AgentExtension {
        let log = log ?? .standardError(configuration.logFormat, minimum: configuration.logLevel)
        let sink = sink ?? configuration.sink.map(FileSink.init)
        let directory = try StateDirectory(path: configuration.stateDirectory, key: configuration.key)
        var configuration = configuration
        let effective = configuration.report.effectiveConfig ?? sink?.current()
        configuration.report.effectiveConfig = effective?.cut(to: configuration.messageLimits.reportedConfig)

        configuration.capabilities.subtract(.ofHostConnections)
        if let connections {
            configuration.capabilities.formUnion(connections.taken.intersection(.ofHostConnections))
        }

        let core = configuration.agentConfiguration(identity: try HeldIdentity(directory.key))
        let clock = AgentClock()
        let loaded = try directory.load(
            core, preferred: configuration.instanceUID,
            fresh: InstanceUID(version7At: clock.now(), random: RandomBytes.generate(10)))
        let loop = if let loops { loops.next() } else { try EventLoop.ofOneAgent() }
        let (news, continuation) = AsyncStream.makeStream(of: AgentNews.self, bufferingPolicy: .bufferingNewest(1024))
        let (customMessages, deliveries) = AsyncStream.makeStream(
            of: CustomMessage.self, bufferingPolicy: .bufferingNewest(16))
        let shell = AgentShell(
            agent: Agent(state: loaded.state, configuration: core), state: directory,
            limits: configuration.messageLimits,
            certificateFiles: configuration.key == nil ? nil : configuration.certificateFiles,
            proxy: configuration.proxy, sink: sink, connectionsSink: connections, log: log, loop: loop,
            news: continuation,
            customMessages: deliveries)
        Task {
            if loaded.isPreviousGeneration {
                await shell.warn(.storageFailed, "the newest state was damaged; the one before is used")
            }
            if loaded.isStartedAnew {
                await shell.warn(
                    .storageFailed,
                    "the state was damaged; the server of the configuration file is used, with the certificate that was found"
                )
            }
            await shell.start()
        }
        return AgentExtension(news: news, customMessages: customMessages, shell: shell, loops: loops)
    }

    /// Takes leave of the server, which may take some seconds, and returns when all is over.
    public func stop() async {
        await shell.stop()
        await waitUntilStopped()
    }

    /// Returns when the agent has ended, by `stop` or because the server asked for a restart and the host stopped it. A
    /// configuration that is being applied is applied to its end, and so are settings of the host's connections.
    public func waitUntilStopped() async {
        await shell.waitUntilFinished()
        await shell.waitForSinks()
        await shell.release()
        if loops == nil { shell.loop.shutDown() }
    }

    // MARK: What the host says. The agent reports what differs from what it has said before.

    public func setHealth(_ health: ComponentHealth?) async { await shell.change { $0.health = health } }

    /// The identifying attribute `service.instance.id` is the agent's own: it is there whatever the host says.
    public func setDescription(_ description: AgentDescription) async {
        await shell.change { $0.description = description.withInstanceID }
    }

    public func setEffectiveConfiguration(_ configuration: EffectiveConfig?) async {
        await shell.change { $0.effectiveConfig = configuration }
    }

    /// What the host could be configured to run; `nil` when it says nothing about that any more. Servers get a hash of it, and
    /// the components when they ask.
    ///
    /// - Throws: when they do not fit into a message.
    public func setAvailableComponents(_ components: [String: ComponentDetails]?) async throws(WireFailure) {
        let available = try components.map { components throws(WireFailure) in try AvailableComponents(components) }
        await shell.change { $0.availableComponents = available }
    }

    /// Custom capabilities of the host, as reverse domain names; servers that list one too may exchange messages by it.
    public func setCustomCapabilities(_ capabilities: [String]) async {
        await shell.change { $0.customCapabilities = capabilities }
    }

    /// Replaces the capabilities of the configuration. What this agent cannot do is left out: remote configuration without a
    /// sink, connections that the host does not take, packages.
    public func setCapabilities(_ capabilities: AgentCapabilities) async { await shell.setCapabilities(capabilities) }

    public var capabilities: AgentCapabilities { get async { await shell.agent.capabilities } }

    /// Sends a message once, to the server of the present connection. Whether it arrives is not said.
    public func send(_ message: CustomMessage) async throws(CustomMessageRefusal) { try await shell.send(message) }

    /// Reads the certificate and key that the configuration file names again, as the agent does every hour. A usable new pair
    /// is presented at once; anything else is logged and changes nothing.
    public func reloadCertificate() async { await shell.reloadCertificate() }

    public var snapshot: AgentSnapshot { get async { await shell.snapshot } }
}

extension EventLoop {
    fileprivate static func ofOneAgent() throws(StateFailure) -> EventLoop {
        do { return try EventLoop(connectionLimit: 16) } catch { throw .transport(error) }
    }
}

extension HeldIdentity {
    /// - Parameter key: the host's; the request names nobody, since a server takes only the public key from it.
    init(_ key: PrivateKey) throws(StateFailure) {
        do {
            self.init(
                publicKey: key.publicKey, signingRequest: try SigningRequest(key: key, subject: "opamp-agent").pem)
        } catch {
            throw .key(error)
        }
    }
}
