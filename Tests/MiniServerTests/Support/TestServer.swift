import Certificates
import Hummingbird
import Logging
import NIOCore
import OpAMPProto
import ServiceLifecycle
import TestPKI
import Vocabulary

@testable import MiniServer
@testable import ServerTransport

/// A listener on a port of the kernel's choice with the OpAMP endpoint behind it and a route that says who calls.
struct TestServer: Sendable {
    let pki: TestAuthority
    let identity: ListenerIdentity
    let endpoint: OpAMPEndpoint
    let port: Int
    let group: ServiceGroup
    private let running: Task<Void, any Error>
    private let another: @Sendable (String, Int) async throws -> Void

    static func run(
        service: ScriptedOpAMPService = ScriptedOpAMPService(),
        limits: ListenerLimits = ListenerLimits(),
        gate: ConcurrencyLimit = ConcurrencyLimit(limit: 1000),
        frames: FrameHeader.Tolerance = .strict,
        now: @escaping @Sendable () -> Timestamp = { .now },
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let pki = try TestAuthority()
        let listener = try pki.listener()
        let identity = try ListenerIdentity(chain: [listener.certificate], key: TLSServerKey(listener.key))
        let logger = Self.silentLog
        let endpoint = OpAMPEndpoint(service: service, gate: gate, frames: frames, logger: logger, now: now)
        let router = Router(context: CallerContext.self)
        endpoint.addRefusal(to: router)
        router.get("/whoami") { _, context in
            "\(context.caller.leaf?.fingerprint.description ?? "nobody") from \(context.caller.address)"
        }
        router.post("/echo") { request, _ in
            try await request.body.collect(upTo: Limits.messageBytes).readableBytes.description
        }
        let responder = router.buildResponder()
        let makeListener = { @Sendable (host: String, port: Int) in
            Listener(
                host: host, port: port, identity: identity, limits: limits, responder: responder,
                route: endpoint.webSocketRoute, direct: endpoint.pollingRoute,
                logger: logger)
        }
        let listening = makeListener("127.0.0.1", 0)
        let group = ServiceGroup(services: [endpoint, listening], logger: logger)
        let running = Task { try await group.run() }
        guard let port = await listening.boundPort.value else { return try await running.value }
        let server = TestServer(
            pki: pki, identity: identity, endpoint: endpoint, port: port, group: group, running: running,
            another: { try await makeListener($0, $1).run() })
        do {
            try await body(server)
        } catch {
            running.cancel()
            _ = try? await running.value
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running.value
    }

    private static var silentLog: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    /// Returns when the listener has stopped.
    func ended() async throws { try await running.value }

    /// Runs a second listener at this address.
    func bindAgain(host: String, port: Int) async throws { try await another(host, port) }

    func client(as identity: TestIdentity? = nil) async throws -> RawClient {
        try await RawClient.connect(to: port, as: identity, trusting: pki.certificate)
    }

    /// A client whose WebSocket is open.
    func socket(as identity: TestIdentity? = nil) async throws -> RawClient {
        let client = try await client(as: identity)
        guard try await client.upgrade()?.status == 101 else { throw NotUpgraded() }
        return client
    }

    struct NotUpgraded: Error {}
}
