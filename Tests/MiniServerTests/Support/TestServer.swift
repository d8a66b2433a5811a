import Certificates
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Vocabulary

@testable import MiniServer
@testable import ServerTransport

/// A listener on a port of the kernel's choice with the OpAMP endpoint behind it and a route that says who calls.
struct TestServer: Sendable {
    let pki: TestPKI
    let identity: ListenerIdentity
    let endpoint: OpAMPEndpoint
    let port: Int
    let group: ServiceGroup

    static func run(
        desk: ScriptedOpAMPService = ScriptedOpAMPService(),
        limits: ListenerLimits = ListenerLimits(),
        gate: ConcurrencyLimit = ConcurrencyLimit(limit: 1000),
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let pki = try TestPKI()
        let listener = try pki.listener()
        let identity = try ListenerIdentity(chain: [listener.certificate], key: TLSServerKey(listener.key))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let endpoint = OpAMPEndpoint(desk: desk, gate: gate, logger: logger)
        let router = Router(context: CallerContext.self)
        PollingRoute(endpoint: endpoint).add(to: router)
        router.get("/whoami") { _, context in
            "\(context.caller.leaf?.fingerprint.description ?? "nobody") from \(context.caller.address)"
        }
        router.post("/echo") { request, _ in
            try await request.body.collect(upTo: Limits.messageBytes).readableBytes.description
        }
        let service = Listener(
            host: "127.0.0.1", port: 0, identity: identity, limits: limits, responder: router.buildResponder(),
            route: endpoint.webSocketRoute, logger: logger)
        let group = ServiceGroup(services: [endpoint, service], logger: logger)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            guard let port = await service.boundPort.value else { return try await tasks.waitForAll() }
            let server = TestServer(pki: pki, identity: identity, endpoint: endpoint, port: port, group: group)
            do {
                try await body(server)
            } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func client(as identity: TestIdentity? = nil) async throws -> RawClient {
        try await RawClient.connect(to: port, as: identity, trusting: pki.authority)
    }

    /// A client whose WebSocket is open.
    func socket(as identity: TestIdentity? = nil) async throws -> RawClient {
        let client = try await client(as: identity)
        guard try await client.upgrade()?.status == 101 else { throw NotUpgraded() }
        return client
    }

    struct NotUpgraded: Error {}
}
