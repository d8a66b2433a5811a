import Certificates
import DurableFiles
import Hummingbird
package import Logging
import OpAMPProto
import ServerCore
import ServerStorage
import ServerTransport
import ServiceLifecycle
package import UnixSignals
package import Vocabulary

/// One peer server, from its data directory to its listener. Tests start it as `mini-server serve` does.
package struct Server: Sendable {
    /// The first start's admin token, to be shown once; `nil` afterwards.
    package let adminToken: Secret?
    let context: ServerContext
    let shell: HandoverShell
    let fleet: FleetService
    private let lock: DirectoryLock
    private let listener: Listener<RouterResponder<CallerContext>>
    private let endpoint: OpAMPEndpoint
    fileprivate let federation: FederationClient
    private let stopRequests = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// Opens the data directory and prepares everything; nothing is bound until `run`.
    ///
    /// - Throws: `AddressRefusal`, `FileFailure`, `StorageFailure`, `AuthorityFailure` or `CertificateFailure`, each with
    ///   a next action.
    package init(_ configuration: ServerConfiguration, log: Logger) async throws {
        let now = Timestamp.now
        let address = try ListenAddress(configuration)
        try PrivateDirectory.prepare(configuration.dataDirectory)
        lock = try DirectoryLock(directory: configuration.dataDirectory)
        let databasePath = configuration.dataDirectory + "/server.sqlite"
        let mark = IdentityMark(directory: configuration.dataDirectory, database: databasePath)
        try mark.check()
        let isNew = try AtomicFile.read(configuration.dataDirectory + "/master.key", limit: 1024) == nil
        let sealing = try MasterKey.load(
            from: configuration.dataDirectory + "/master.key",
            mayCreate: isNew && !ServerDatabase.exists(at: databasePath))
        let database = try ServerDatabase(path: databasePath)
        let authority = try await Authority.open(in: database, sealing: sealing, name: configuration.name, at: now)
        try mark.set(authority.peerID)
        let source = configuration.listenerSource(names: address.names)
        let identity = try await source.load(authority: authority, database: database, address: address, at: now)

        context = ServerContext(
            name: configuration.name, address: PublicAddress(address), database: database, authority: authority,
            listener: try ListenerIdentity(chain: identity.chain, key: identity.key), listenerSource: source,
            agents: ConnectedAgents(), log: log,
            calls: PeerCallLog(database: database, log: log), timing: configuration.timing)
        adminToken = try await FirstStart.adminToken(
            in: database, writtenTo: configuration.adminTokenFile, at: now)
        federation = FederationClient(server: context)
        shell = HandoverShell(
            server: context, peers: federation,
            outbox: Outbox(database: database, peers: federation, log: log, now: context.now), timers: HandoverTimers())
        fleet = FleetService(server: context, shell: shell)
        endpoint = OpAMPEndpoint(
            service: fleet, agents: context.agents,
            frames: configuration.acceptsHeaderlessMessages ? .headerless : .strict,
            reportLimits: configuration.reportLimits, logger: log)
        listener = Listener(
            host: address.host, port: address.port, identity: context.listener,
            responder: Self.router(
                context: context, fleet: fleet, handovers: HandoverService(server: context, shell: shell),
                federation: federation,
                endpoint: endpoint
            ).buildResponder(),
            route: endpoint.webSocketRoute, direct: endpoint.pollingRoute, logger: log)
    }

    /// The port that was bound; `nil` when the server ended without.
    package var port: Int? {
        get async {
            let port = await listener.boundPort.value
            if let port { context.address.bound(to: port) }
            return port
        }
    }

    /// What peers and operators elsewhere dial, once the listener is bound.
    package var origin: Endpoint {
        get throws { try context.address.origin }
    }

    /// What a client on this machine dials and can verify with `trustBundle`, once the listener is bound.
    package var localOrigin: Endpoint {
        get throws {
            let address = context.address
            return try address.local(
                host: address.listen.verifiableHost(by: context.listener.chain, at: context.now()))
        }
    }

    /// An element whenever the listener shows another certificate, so that `trustBundle` may be another; it ends with
    /// the server. For one reader.
    package var listenerChanges: AsyncStream<Void> { context.listener.changes }

    /// How long an orderly stop may take before whatever is left of it is cancelled.
    static let longestStop = Duration.milliseconds(1700)

    /// Asks for an orderly stop: requests in progress are answered for a second, then every connection is closed.
    package func stop() { stopRequests.continuation.yield() }

    /// Serves until `stop` is called or the surrounding task is cancelled.
    ///
    /// - Parameter reloads: signals that ask for the listener certificate to be read again.
    /// - Throws: `BindFailure` when the address cannot be bound, or what ended a part of the server.
    package func run(reloadingOn reloads: [UnixSignal] = []) async throws {
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(service: StorageUpkeep(server: context, fleet: fleet)),
                .init(
                    service: StopRequest(requests: stopRequests.stream),
                    successTerminationBehavior: .gracefullyShutdownGroup),
                .init(service: context.calls), .init(service: PeerUpkeep(server: self)),
                .init(service: HandoverUpkeep(server: self)), .init(service: renewal(on: reloads)),
                .init(service: endpoint), .init(service: listener),
            ],
            logger: context.log)
        configuration.maximumGracefulShutdownDuration = Self.longestStop
        let group = ServiceGroup(configuration: configuration)
        do {
            try await group.run()
        } catch is CancellationError where !Task.isCancelled {
            context.log.warning("stopped with work in progress, which was cancelled")
        } catch {
            await saveTheRest()
            try? context.database.close()
            throw error
        }
        await saveTheRest()
        try context.database.close()
    }

    /// What is saved in time, and not with what it belongs to.
    private func saveTheRest() async {
        async let calls = context.calls.flush(contacts: true)
        await fleet.saveLastHeard()
        _ = await calls
    }

    private func renewal(on signals: [UnixSignal]) -> ListenerRenewal {
        ListenerRenewal(server: context, signals: signals) { [federation] in await federation.announceTrust(of: $0) }
    }

    private static func router(
        context: ServerContext, fleet: FleetService, handovers: HandoverService, federation: FederationClient,
        endpoint: OpAMPEndpoint
    ) -> Router<CallerContext> {
        let router = Router(context: CallerContext.self, options: .autoGenerateHeadEndpoints)
        let operators = OperatorInterface(
            server: context, fleet: fleet, handovers: handovers, federation: federation)
        router.add(middleware: ProblemAnswers(log: context.log, paths: operators.knownPaths))
        endpoint.addRefusal(to: router)
        PublicRoutes(server: context).add(to: router)
        operators.add(to: router)
        FederationInterface(
            server: context, fleet: fleet, handovers: handovers, gate: PeerAuthenticator(server: context)
        ).add(to: router)
        return router
    }
}

extension ServerConfiguration {
    var timing: HandoverTiming {
        var timing = HandoverTiming()
        timing.arrival = arrivalDeadline ?? timing.arrival
        timing.verification = verificationTime ?? timing.verification
        return timing
    }

    fileprivate var reportLimits: ReportLimits {
        var limits = ReportLimits()
        limits.description = longestDescription ?? limits.description
        limits.part = longestReportPart ?? limits.part
        return limits
    }

    /// - Parameter names: the hosts in a certificate of the own CA.
    fileprivate func listenerSource(names: [String]) -> ListenerCertificateSource {
        if let listenerFiles { return .files(certificate: listenerFiles.certificate, key: listenerFiles.key) }
        return .own(names: names)
    }
}

/// Ends when somebody asks for a stop, and its group with it.
private struct StopRequest: Service {
    let requests: AsyncStream<Void>

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in requests { break }
        }
    }
}

/// Learns the bound port, which peers are told of, then keeps what both sides know of each other up to date.
private struct PeerUpkeep: Service {
    let server: Server

    func run() async throws {
        // Without a port the listener says why; this service ends with it.
        guard await server.port != nil else { return try await gracefulShutdown() }
        await server.federation.run()
    }
}

/// Learns the bound port, then keeps handovers moving: what was owed at the start, timers, and the outbox.
private struct HandoverUpkeep: Service {
    let server: Server

    func run() async throws {
        guard await server.port != nil else { return try await gracefulShutdown() }
        let shell = server.shell
        let debts = try await shell.debts()
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup { group in
                group.addTask { await shell.settle(debts) }
                group.addTask { await shell.timers.run(now: server.context.now) { await shell.wake($0, $1) } }
                group.addTask {
                    await shell.outbox.load()
                    await shell.outbox.run { await shell.refused($0) }
                }
                try await group.waitForAll()
            }
        }
    }
}

extension HandoverShell {
    /// A peer rejected this notice: from this a target learns that the agent does not belong to it.
    fileprivate func refused(_ message: OutboxTable.Message) async {
        guard message.role == .target else { return }
        await tell(.noticeRefused(message.notice.type), of: message.handover, as: TargetHandover.self, by: .server)
    }
}
