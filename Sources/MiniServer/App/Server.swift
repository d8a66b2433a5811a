import Certificates
import DurableFiles
import Hummingbird
public import Logging
import PeerCore
import ServiceLifecycle
public import UnixSignals
public import Vocabulary

/// One peer server, from its data directory to its listener. Tests start it as `mini-server serve` does.
public struct Server: Sendable {
    /// The first start's admin token, to be shown once; `nil` afterwards.
    public let adminToken: Secret?
    let site: Site
    let shell: HandoverShell
    let fleet: FleetDesk
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
        let isNew = try AtomicFile.read(configuration.dataDirectory + "/master.key", limit: 1024) == nil
        let sealing = try MasterKey.load(
            from: configuration.dataDirectory + "/master.key",
            mayCreate: isNew && !PeerDatabase.exists(at: databasePath))
        let database = try PeerDatabase(path: databasePath)
        let authority = try await Authority.open(in: database, sealing: sealing, name: configuration.name, at: now)
        let face = try await configuration.listenerSource.load(authority: authority, database: database, at: now)

        site = Site(
            name: configuration.name, address: PublicAddress(configuration), database: database, authority: authority,
            listener: try ListenerIdentity(chain: face.chain, key: face.key),
            listenerSource: configuration.listenerSource, agents: ConnectedAgents(), log: log,
            timing: configuration.timing)
        adminToken = try await FirstStart.adminToken(
            in: database, writtenTo: configuration.adminTokenFile, at: now)
        federation = FederationClient(site: site)
        shell = HandoverShell(
            site: site, peers: federation,
            outbox: Outbox(database: database, peers: federation, log: log, now: site.now), alarms: Alarms())
        fleet = FleetDesk(site: site, shell: shell)
        endpoint = OpAMPEndpoint(desk: fleet, agents: site.agents, logger: log)
        listener = Listener(
            host: configuration.host, port: configuration.port, identity: site.listener,
            responder: Self.router(
                site: site, fleet: fleet, handovers: HandoverDesk(site: site, shell: shell), federation: federation,
                endpoint: endpoint
            ).buildResponder(),
            route: endpoint.webSocketRoute, logger: log)
    }

    /// The port that was bound; `nil` when the server ended without.
    public var port: Int? {
        get async {
            let port = await listener.boundPort.value
            if let port { site.address.bound(to: port) }
            return port
        }
    }

    /// `https://host:port`, once the listener is bound.
    public var origin: Endpoint {
        get throws { try site.address.origin }
    }

    /// An element whenever the listener shows another certificate, so that `trustBundle` may be another; it ends with
    /// the server. For one reader.
    public var listenerChanges: AsyncStream<Void> { site.listener.changes }

    /// Serves until the surrounding task is cancelled or, with `signals`, one of them asks for a graceful end.
    ///
    /// - Parameter reloads: signals that ask for the listener certificate to be read again.
    public func run(endingOn signals: [UnixSignal] = [], reloadingOn reloads: [UnixSignal] = []) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: federation), .init(service: HandoverService(server: self)),
                    .init(service: ListenerRenewal(site: site, signals: reloads)),
                    .init(service: endpoint), .init(service: listener),
                ],
                gracefulShutdownSignals: signals, logger: site.log))
        try await group.run()
        try site.database.close()
    }

    private static func router(
        site: Site, fleet: FleetDesk, handovers: HandoverDesk, federation: FederationClient, endpoint: OpAMPEndpoint
    ) -> Router<CallerContext> {
        let router = Router(context: CallerContext.self)
        router.add(middleware: ProblemAnswers(log: site.log))
        PollingRoute(endpoint: endpoint).add(to: router)
        PublicRoutes(site: site).add(to: router)
        OperatorInterface(site: site, fleet: fleet, handovers: handovers, federation: federation).add(to: router)
        FederationInterface(site: site, fleet: fleet, handovers: handovers, gate: PeerGate(site: site)).add(to: router)
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

/// Learns the bound port, then keeps handovers moving: what was owed at the start, alarms, and the outbox.
private struct HandoverService: Service {
    let server: Server

    func run() async throws {
        guard await server.port != nil else { return }
        let shell = server.shell
        try await shell.resume()
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await shell.alarms.run(now: server.site.now) { await shell.wake($0, $1) } }
                group.addTask { await shell.outbox.run { await shell.refused($0) } }
            }
        }
    }
}

extension HandoverShell {
    /// A peer will not have this notice: a target learns from it that the agent is not its own.
    fileprivate func refused(_ letter: OutboxTable.Letter) async {
        guard letter.role == .target else { return }
        await tell(.noticeRefused(letter.notice.type), TargetHandover.self, of: letter.handover, by: .server)
    }
}
