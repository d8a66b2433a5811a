import Certificates
import ClientTransport
import Glibc
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

/// An actor that lives on an event loop, as the agent does.
actor LoopClient {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActors }
    private let dialer: Dialer

    init(connectionLimit: Int = 64) throws { self.init(loop: try EventLoop(connectionLimit: connectionLimit)) }

    init(loop: EventLoop) {
        self.loop = loop
        dialer = Dialer(loop: loop)
    }

    func open(_ settings: DialSettings) -> LoopSocket {
        let (events, continuation) = AsyncStream.makeStream(of: WebSocketEvent.self)
        let connection = dialer.openWebSocket(settings) { [loop] event in
            loop.assertIsOnLoop()
            continuation.yield(event)
            switch event {
            case .closed, .failed: continuation.finish()
            case .opened, .message: break
            }
        }
        return LoopSocket(client: self, connection: connection, events: events)
    }

    func prepare(_ settings: DialSettings) { dialer.prepare(settings) }
    func send(_ message: [UInt8], over connection: WebSocketConnection) throws { try connection.send(message) }
    func abandon(_ connection: WebSocketConnection) { connection.abandon() }
    func close(_ connection: WebSocketConnection, code: UInt16, reason: String) {
        connection.close(code: code, reason: reason)
    }

    func post(
        _ settings: DialSettings, headers: [HeaderField] = [], body: [UInt8] = [1]
    ) async -> Result<HTTPAnswer, DialFailure> {
        let connection = dialer.openHTTP(settings)
        defer { connection.close() }
        return await post(over: connection, headers: headers, body: body)
    }

    func verify(_ settings: DialSettings) async -> DialFailure? {
        await withCheckedContinuation { continuation in
            dialer.verify(settings) { continuation.resume(returning: $0) }
        }
    }

    func keep(_ settings: DialSettings) -> LoopPoller {
        LoopPoller(client: self, connection: dialer.openHTTP(settings))
    }

    func post(
        over connection: HTTPConnection, headers: [HeaderField] = [], body: [UInt8] = [1]
    ) async -> Result<HTTPAnswer, DialFailure> {
        await withCheckedContinuation { continuation in
            connection.post(headers: headers, body: body) { continuation.resume(returning: $0) }
        }
    }

    func postAndForget(
        over connection: HTTPConnection, _ deliver: @escaping @Sendable (Result<HTTPAnswer, DialFailure>) -> Void
    ) { connection.post(body: [1], deliver: deliver) }

    func close(_ connection: HTTPConnection) { connection.close() }

    func isOnLoop() -> Bool { loop.isIsolatingCurrentContext() == true }
}

/// Whether this machine has an IPv6 address of its own to listen on.
func hasIPv6Loopback() -> Bool {
    let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_addr = in6addr_loopback
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            unsafe bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
        }
    }
}

extension EventLoop {
    func assertIsOnLoop() { checkIsolated() }
}

/// One WebSocket as a test sees it.
///
/// Safe to share because the connection is touched through the client only, which lives on its loop.
struct LoopSocket: @unchecked Sendable {
    let client: LoopClient
    let connection: WebSocketConnection
    let events: AsyncStream<WebSocketEvent>

    func send(_ message: [UInt8]) async throws { try await client.send(message, over: connection) }
    func close(code: UInt16 = 1000, reason: String = "") async {
        await client.close(connection, code: code, reason: reason)
    }

    func abandon() async { await client.abandon(connection) }

    func next() async -> WebSocketEvent? {
        for await event in events { return event }
        return nil
    }

    /// All events to the end.
    func all() async -> [WebSocketEvent] { await events.reduce(into: []) { $0.append($1) } }

    /// The failure it ended with.
    func failure() async throws -> DialFailure {
        let all = await all()
        guard case .failed(let failure) = all.last else {
            Issue.record("no failure but \(all)")
            throw NoFailure()
        }
        return failure
    }

    struct NoFailure: Error {}
}

/// One kept HTTP connection as a test sees it.
///
/// Safe to share because the connection is touched through the client only, which lives on its loop.
struct LoopPoller: @unchecked Sendable {
    let client: LoopClient
    let connection: HTTPConnection

    func post(_ body: [UInt8] = [1]) async -> Result<HTTPAnswer, DialFailure> {
        await client.post(over: connection, headers: [], body: body)
    }

    func postAndForget(_ deliver: @escaping @Sendable (Result<HTTPAnswer, DialFailure>) -> Void) async {
        await client.postAndForget(over: connection, deliver)
    }

    func close() async { await client.close(connection) }

    /// The failure that it must end with.
    func failure(of body: [UInt8]) async throws -> DialFailure {
        switch await post(body) {
        case .failure(let failure): return failure
        case .success(let answer):
            Issue.record("no failure but \(answer)")
            throw LoopSocket.NoFailure()
        }
    }
}

/// Runs the body with a client and shuts its loop down afterwards.
func withClient<Result>(_ body: (LoopClient) async throws -> Result) async throws -> Result {
    let client = try LoopClient()
    defer { client.loop.shutDown() }
    return try await body(client)
}

/// Runs the body with a client and a server and stops both afterwards.
func withServer<Result>(
    tls: ScriptedServer.TLS?, arrival: @escaping @Sendable (Int) -> ScriptedServer.Arrival = { _ in .serve },
    script: @escaping ScriptedServer.Script, _ body: (LoopClient, ScriptedServer) async throws -> Result
) async throws -> Result {
    let server = try await ScriptedServer.start(tls: tls, arrival: arrival, script: script)
    defer { server.stop() }
    return try await withClient { try await body($0, server) }
}

extension DialSettings {
    static func to(
        _ server: ScriptedServer, _ scheme: String = "wss", host: String = "127.0.0.1", path: String = "/v1/opamp",
        trusting anchors: [Certificate] = [], as holder: TestIdentity? = nil
    ) throws -> DialSettings {
        DialSettings(
            endpoint: try Endpoint("\(scheme)://\(host):\(server.port)\(path)"), anchors: anchors,
            identity: holder.map { ClientIdentity(chain: [$0.certificate], key: $0.key) },
            connectTimeout: .seconds(60), handshakeTimeout: .seconds(60))
    }

    func with(_ change: (inout DialSettings) -> Void) -> DialSettings {
        var copy = self
        change(&copy)
        return copy
    }
}

/// Sends every binary message back.
@Sendable func echo(_ request: ScriptedRequest) async -> ScriptedReply {
    guard request.isUpgrade else { return .answer(200, body: request.body) }
    return .webSocket { socket in
        for await frame in socket.frames {
            if case .binary(let bytes) = frame { socket.send(bytes) }
            if case .close = frame { return }
        }
    }
}

extension LoopClient {
    /// Dials by the endpoint's scheme and returns the failure it must end with.
    func failure(of settings: DialSettings) async throws -> DialFailure {
        if settings.endpoint.isWebSocket { return try await open(settings).failure() }
        switch await post(settings) {
        case .failure(let failure): return failure
        case .success(let answer):
            Issue.record("no failure but \(answer)")
            throw LoopSocket.NoFailure()
        }
    }

    /// Dials by the endpoint's scheme and says whether it was answered as it should be.
    func succeeds(_ settings: DialSettings) async -> Bool {
        guard settings.endpoint.isWebSocket else {
            return if case .success = await post(settings) { true } else { false }
        }
        let socket = open(settings)
        let isOpened = await socket.isOpened()
        await socket.close()
        return isOpened
    }
}

extension LoopSocket {
    func isOpened() async -> Bool {
        if case .opened = await next() { true } else { false }
    }

    func nextMessage() async -> [UInt8]? {
        if case .message(let bytes) = await next() { bytes } else { nil }
    }

    /// The Close that it must end with next.
    func nextClose() async -> (code: UInt16?, reason: String)? {
        if case .closed(let code, let reason) = await next() { (code, reason) } else { nil }
    }
}
