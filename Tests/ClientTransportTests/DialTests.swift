import Glibc
import HostSystem
import ScriptedServer
import Testing
import Vocabulary

@testable import ClientTransport

/// What a dial tries, and on whose threads.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DialTests {
    @Test func `every address is tried`() async throws {
        let server = try await ScriptedServer.start(script: echo)
        defer { server.stop() }
        let gone = try await ScriptedServer.start(script: echo)
        await gone.stopAndWait()
        let (dead, live) = (try address(of: gone), try address(of: server))
        let isOpened = try await with([dead, live]) { await $0.succeeds(try .to(server, "ws")) }
        #expect(isOpened)
        let failure = try await with([dead, dead]) { try await $0.failure(of: .to(server, "ws")) }
        #expect(failure.cause == .tcp)
        #expect(failure.detail.split(separator: ";").count == 2)
    }

    /// The first address takes its share of the time, no more.
    @Test func `an address that drops every packet leaves time for the next`() async throws {
        let server = try await ScriptedServer.start(script: echo)
        defer { server.stop() }
        let live = try address(of: server)
        let isFirst = PosixLock(true)
        let network = Network(resolve: { _, _ in .success([live, live]) }) { address in
            isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst ? neverConnected() : address.connect()
            }
        }
        let isOpened = try await with(network) { client in
            await client.succeeds(try .to(server, "ws").with { $0.connectTimeout = .seconds(2) })
        }
        #expect(isOpened)
    }

    @Test func `an address that refuses is tried once: when to try again is the core's to say`() async throws {
        let tries = PosixLock(0)
        let network = Network(resolve: Network.system.resolve) { _ in
            tries.withLock { $0 += 1 }
            return .failure(SystemError(code: ECONNREFUSED))
        }
        let failure = try await with(network) { client in
            try await client.failure(of: DialSettings(endpoint: try Endpoint("wss://127.0.0.1:4320/")))
        }
        #expect(failure.cause == .tcp)
        #expect(tries.withLock { $0 } == 1)
    }

    @Test func `T43 a process that may open no further file is told how to end that`() async throws {
        let network = Network(resolve: Network.system.resolve) { _ in .failure(SystemError(code: EMFILE)) }
        let failure = try await with(network) { client in
            try await client.failure(of: DialSettings(endpoint: try Endpoint("wss://127.0.0.1:4320/")))
        }
        #expect(failure.cause == .tcp && failure.nextAction.contains("LimitNOFILE"))
    }

    /// Each of these dials would hold a thread for its whole time limit.
    @Test func `a server that drops every packet holds up no dial to another`() async throws {
        let server = try await ScriptedServer.start(script: echo)
        defer { server.stop() }
        let network = Network(resolve: Network.system.resolve) { address in
            address.description.hasSuffix(".2") ? neverConnected() : address.connect()
        }
        try await with(network, DialThreads(limit: 1)) { client in
            let silent = DialSettings(
                endpoint: try Endpoint("ws://127.0.0.2:\(server.port)/"), connectTimeout: .seconds(3600))
            var waiting: [LoopSocket] = []
            for _ in 0..<20 { waiting.append(await client.open(silent)) }
            #expect(await client.succeeds(try .to(server, "ws")))
            for socket in waiting { await socket.abandon() }
            for socket in waiting { _ = await socket.all() }
        }
    }

    @Test func `no more names are resolved at once than there are threads, and none for a dial that was given up`()
        async throws
    {
        let server = try await ScriptedServer.start(script: echo)
        defer { server.stop() }
        let seen = PosixLock((now: 0, most: 0, all: 0, isOpen: false))
        let network = Network(
            resolve: { host, port in
                seen.withLock {
                    ($0.now, $0.all) = ($0.now + 1, $0.all + 1)
                    $0.most = max($0.most, $0.now)
                }
                // Generous: it only ends a test that would hang.
                for _ in 0..<2000 where !seen.withLock({ $0.isOpen }) { usleep(10_000) }
                seen.withLock { $0.now -= 1 }
                return Network.system.resolve(host, port)
            }, connect: Network.system.connect)
        try await with(network, DialThreads(limit: 2)) { client in
            var sockets: [LoopSocket] = []
            for _ in 0..<20 { sockets.append(await client.open(try .to(server, "ws"))) }
            for socket in sockets.suffix(10) { await socket.abandon() }
            seen.withLock { $0.isOpen = true }
            for socket in sockets.prefix(10) {
                #expect(await socket.isOpened())
                await socket.abandon()
            }
        }
        #expect(seen.withLock { $0.most } <= 2)
        #expect(seen.withLock { $0.all } == 10)
    }

    private func address(of server: ScriptedServer) throws -> SocketAddress {
        try #require(try SocketDial(.to(server, "ws")).resolve().get().first)
    }

    private func with<Result>(
        _ addresses: [SocketAddress], _ body: (LoopClient) async throws -> Result
    ) async throws -> Result {
        try await with(
            Network(resolve: { _, _ in .success(addresses) }, connect: Network.system.connect), DialThreads(), body)
    }

    private func with<Result>(
        _ network: Network, _ threads: DialThreads = DialThreads(), _ body: (LoopClient) async throws -> Result
    ) async throws -> Result {
        let client = LoopClient(loop: try EventLoop(connectionLimit: 64, network: network, dialThreads: threads))
        defer { client.loop.shutDown() }
        return try await body(client)
    }
}

/// A socket that looks as if its connection were under way, for ever: one end of a pair whose buffer is full.
private func neverConnected() -> Result<Int32, SystemError> {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return .failure(SystemError(code: errno)) }
    let piece = [UInt8](repeating: 0, count: 65_536)
    while unsafe write(ends[0], piece, piece.count) > 0 {}
    // The other end stays open until the process ends, so that this one never breaks.
    return .success(ends[0])
}
