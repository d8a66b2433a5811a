import Certificates
import DurableFiles
import Hummingbird
public import Logging
import ServerCore
import ServerStorage
import ServiceLifecycle
public import UnixSignals
public import Vocabulary

/// One peer server, from its data directory to its listener. Tests start it as `mini-server serve` does.
public struct Server: Sendable {
    /// The first start's admin token, to be shown once; `nil` afterwards.
    public let adminToken: Secret?
    let context: ServerContext
    let shell: HandoverShell
    let fleet: FleetService
    private let lock: DirectoryLock
    private let listener: Listener<RouterResponder<CallerContext>>
    private let endpoint: OpAMPEndpoint
    private let federation: FederationClient

    /// Opens the data directory and prepares everything; nothing is bound until `run`.
    ///
    /// - Throws: `FileFailure`, `StorageFailure`, `AuthorityFailure` or `CertificateFailure`, each with a next action.
    public init(_ configuration: ServerConfiguration, log: Logger) async throws {
        let now = Timestamp.now
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
        let identity = try await configuration.listenerSource.load(authority: authority, database: database, at: now)

        context = ServerContext(
            name: configuration.name, address: PublicAddress(configuration), database: database, authority: authority,
            listener: try ListenerIdentity(chain: identity.chain, key: identity.key),
            listenerSource: configuration.listenerSource, agents: ConnectedAgents(), log: log,
            timing: configuration.timing)
        adminToken = try await FirstStart.adminToken(
            in: database, writtenTo: configuration.adminTokenFile, at: now)
        federation = FederationClient(server: context)
        shell = HandoverShell(
            server: context, peers: federation,
            outbox: Outbox(database: database, peers: federation, log: log, now: context.now), timers: HandoverTimers())
        fleet = FleetService(server: context, shell: shell)
        endpoint = OpAMPEndpoint(desk: fleet, agents: context.agents, logger: log)
        listener = Listener(
            host: configuration.host, port: configuration.port, identity: context.listener,
            responder: Self.router(
                context: context, fleet: fleet, handovers: HandoverService(server: context, shell: shell),
                federation: federation,
                endpoint: endpoint
            ).buildResponder(),
            route: endpoint.webSocketRoute, logger: log)
    }

    /// The port that was bound; `nil` when the server ended without.
    public var port: Int? {
        get async {
            let port = await listener.boundPort.value
            if let port { context.address.bound(to: port) }
            return port
        }
    }

    /// `https://host:port`, once the listener is bound.
    public var origin: Endpoint {
        get throws { try context.address.origin }
    }

    /// An element whenever the listener shows another certificate, so that `trustBundle` may be another; it ends with
    /// the server. For one reader.
    public var listenerChanges: AsyncStream<Void> { context.listener.changes }

    /// Serves until the surrounding task is cancelled or, with `signals`, one of them asks for a graceful end.
    ///
    /// - Parameter reloads: signals that ask for the listener certificate to be read again.
    public func run(endingOn signals: [UnixSignal] = [], reloadingOn reloads: [UnixSignal] = []) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: StorageUpkeep(server: context)), .init(service: federation),
                    .init(service: HandoverUpkeep(server: self)),
                    .init(service: ListenerRenewal(server: context, signals: reloads)),
                    .init(service: endpoint), .init(service: listener),
                ],
                gracefulShutdownSignals: signals, logger: context.log))
        do {
            try await group.run()
        } catch {
            try? context.database.close()
            throw error
        }
        try context.database.close()
    }

    private static func router(
        context: ServerContext, fleet: FleetService, handovers: HandoverService, federation: FederationClient,
        endpoint: OpAMPEndpoint
    ) -> Router<CallerContext> {
        let router = Router(context: CallerContext.self)
        router.add(middleware: ProblemAnswers(log: context.log))
        PollingRoute(endpoint: endpoint).add(to: router)
        PublicRoutes(server: context).add(to: router)
        OperatorInterface(server: context, fleet: fleet, handovers: handovers, federation: federation).add(to: router)
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

    var listenerSource: ListenerCertificateSource {
        if let listenerFiles { return .files(certificate: listenerFiles.certificate, key: listenerFiles.key) }
        return .own(names: listenerNames.isEmpty ? [host] : listenerNames)
    }
}

/// Learns the bound port, then keeps handovers moving: what was owed at the start, timers, and the outbox.
private struct HandoverUpkeep: Service {
    let server: Server

    func run() async throws {
        guard await server.port != nil else { return }
        let shell = server.shell
        try await shell.resume()
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await shell.timers.run(now: server.context.now) { await shell.wake($0, $1) } }
                group.addTask { await shell.outbox.run { await shell.refused($0) } }
            }
        }
    }
}

extension HandoverShell {
    /// A peer will not have this notice: a target learns from it that the agent is not its own.
    fileprivate func refused(_ message: OutboxTable.Message) async {
        guard message.role == .target else { return }
        await tell(.noticeRefused(message.notice.type), TargetHandover.self, of: message.handover, by: .server)
    }
}
