import Glibc
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

@testable import ClientTransport

@Suite(.serialized, .timeLimit(.minutes(2))) struct EventLoopTests {
    @Test func `an actor on the loop runs on its thread and nowhere else`() async throws {
        try await withClient { client in
            #expect(await client.isOnLoop())
            #expect(client.loop.isIsolatingCurrentContext() == false)
        }
    }

    @Test func `timers fire in the order of their time, and of asking at the same time`() async throws {
        try await withClient { client in
            let order = await withCheckedContinuation { continuation in
                let fired = PosixLock<[Int]>([])
                for (number, delay) in [(4, 40), (1, 0), (2, 20), (3, 20)] {
                    client.loop.wake(after: .milliseconds(delay)) { fired.withLock { $0.append(number) } }
                }
                client.loop.wake(after: .milliseconds(60)) { continuation.resume(returning: fired.withLock { $0 }) }
            }
            #expect(order == [1, 2, 3, 4])
        }
    }

    @Test func `a cancelled timer does not fire`() async throws {
        try await withClient { client in
            let fired = PosixLock(false)
            let timer = client.loop.wake(after: .milliseconds(20)) { fired.withLock { $0 = true } }
            timer.cancel()
            await withCheckedContinuation { continuation in
                client.loop.wake(after: .milliseconds(60)) { continuation.resume() }
            }
            #expect(!fired.withLock { $0 })
        }
    }

    /// libwebsockets runs timers before it polls; without the wake rule this chain would hang, as nothing else happens.
    @Test func `what a timer enqueues runs at once`() async throws {
        try await withClient { client in
            for _ in 0..<50 {
                await withCheckedContinuation { continuation in
                    client.loop.wake(after: .milliseconds(1)) {
                        client.loop.perform { Task { await client.isOnLoop() ? continuation.resume() : () } }
                    }
                }
            }
        }
    }

    @Test func `a name that resolves slowly holds up nothing else`() async throws {
        let server = try await ScriptedServer.start(script: echo)
        defer { server.stop() }
        let timerFired = PosixLock(false)
        let sawTimer = PosixLock(false)
        let network = Network(
            resolve: { host, port in
                // Generous: it only ends a test that would hang.
                for _ in 0..<2000 where !timerFired.withLock({ $0 }) { usleep(10_000) }
                sawTimer.withLock { $0 = timerFired.withLock { $0 } }
                return Network.system.resolve(host, port)
            }, connect: Network.system.connect)
        let client = LoopClient(loop: try EventLoop(connectionLimit: 4, network: network))
        defer { client.loop.shutDown() }
        let socket = await client.open(try .to(server, "ws"), thenWake: { timerFired.withLock { $0 = true } })
        #expect(await socket.isOpened())
        #expect(sawTimer.withLock { $0 })
    }

    /// `EAI_AGAIN` says nothing of the name.
    @Test(arguments: [false, true])
    func `F3 a resolver that does not answer is told from a name that does not exist`(isTemporary: Bool) async throws {
        let network = Network(
            resolve: { _, _ in .failure(NameProblem(words: "no answer", isTemporary: isTemporary)) },
            connect: Network.system.connect)
        let client = LoopClient(loop: try EventLoop(connectionLimit: 4, network: network))
        defer { client.loop.shutDown() }
        let settings = DialSettings(endpoint: try Endpoint("wss://a.example:4320/v1/opamp"))
        let failure = try await client.failure(of: settings)
        #expect(failure.cause == .dns && failure.isTemporary == isTemporary)
    }

    @Test func `jobs from many threads all run`() async throws {
        try await withClient { client in
            await withTaskGroup { group in
                for _ in 0..<2000 { group.addTask { await client.isOnLoop() } }
                for await isOnLoop in group { #expect(isOnLoop) }
            }
        }
    }

    @Test func `shutting down ends every connection and timer, and says so`() async throws {
        let server = try await ScriptedServer.start(script: echo)
        defer { server.stop() }
        let client = try LoopClient()
        let open = await client.open(try .to(server, "ws"))
        #expect(await open.isOpened())
        let dialing = await client.open(try .to(server, "ws"))
        client.loop.wake(after: .seconds(3600)) { Issue.record("fired") }
        client.loop.shutDown()
        guard case .failed = await open.all().last, case .failed = await dialing.all().last else {
            Issue.record("no last event")
            return
        }
        // Late jobs still run, and new dials fail.
        #expect(await client.isOnLoop())
        let failure = try await client.failure(of: .to(server, "ws"))
        #expect(failure.cause == .tcp)
        client.loop.shutDown()
    }

    /// In a process of its own, since other tests open descriptors too.
    @Test func `a loop that has ended leaves no descriptor behind`() async throws {
        await #expect(processExitsWith: .success) {
            func descriptors() -> Int { (0..<4096).count { (descriptor: Int32) in fcntl(descriptor, F_GETFD) >= 0 } }
            try EventLoop(connectionLimit: 4).shutDown()
            let before = descriptors()
            for _ in 0..<20 { try EventLoop(connectionLimit: 4).shutDown() }
            try #require(descriptors() == before)
        }
    }

    @Test func `the loop may be shut down from itself`() async throws {
        let client = try LoopClient()
        client.loop.perform { client.loop.shutDown() }
        client.loop.shutDown()
        #expect(await client.isOnLoop())
    }

    @Test func `many connections one after the other leave no socket behind`() async throws {
        let authority = try TestAuthority()
        let agent = try authority.agent()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let good = try DialSettings.to(server, trusting: [authority.certificate], as: agent)
            let post = try DialSettings.to(server, "https", trusting: [authority.certificate], as: agent)
            for _ in 0..<30 {
                #expect(await client.succeeds(good))
                #expect(await client.succeeds(post))
                #expect(!(await client.succeeds(good.with { $0.anchors = [] })))
            }
            // Ours end before their last event; the server's end follows.
            while server.openConnectionCount > 0 { await Task.yield() }
            let (links, contexts) = await client.leftovers()
            #expect(links == 0)
            #expect(contexts == 1, "the one that the next connection may need")
            #expect(ownSockets(connectedTo: server.port) == 0)
        }
    }

    @Test func `polls to one server share one TLS context, and another server's takes its place`() async throws {
        let authority = try TestAuthority()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let post = try DialSettings.to(server, "https", trusting: [authority.certificate])
            #expect(await client.succeeds(post))
            let first = try #require(await client.idleContext())
            #expect(await client.succeeds(post))
            #expect(await client.idleContext() == first)
            let other = try DialSettings.to(server, "https", host: "localhost", trusting: [authority.certificate])
            _ = await client.succeeds(other)
            #expect(await client.leftovers().contexts == 1)
            #expect(await client.succeeds(post.with { $0.includeSystemRoots = true }))
            #expect(await client.idleContext() == nil, "the host's CA certificates are read anew")
        }
    }

    @Test(arguments: [true, false])
    func `a TLS context made ahead is used by the dial it was made for, and by no other`(isSame: Bool) async throws {
        let authority = try TestAuthority()
        let agent = try authority.agent()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate], as: agent)
            await client.prepare(isSame ? settings : settings.with { $0.anchors = [] })
            while await client.prepared() == nil { await Task.yield() }
            #expect(await client.succeeds(settings))
            #expect(await client.prepared() == nil)
        }
    }

    @Test func `more connections than the loop has room for fail alone`() async throws {
        try await withServer(tls: nil, script: echo) { client, server in
            let small = try LoopClient(connectionLimit: 2)
            defer { small.loop.shutDown() }
            var sockets: [LoopSocket] = []
            for _ in 0..<20 { sockets.append(await small.open(try .to(server, "ws"))) }
            var opened = 0
            for socket in sockets where await socket.isOpened() { opened += 1 }
            #expect((2..<20).contains(opened))
        }
    }
}

extension LoopClient {
    func leftovers() -> (links: Int, contexts: Int) { (loop.links.count, loop.tlsContexts.count) }
    func idleContext() -> ObjectIdentifier? { loop.idleTLS.map(ObjectIdentifier.init) }
    func prepared() -> ObjectIdentifier? { loop.preparedTLS.map(ObjectIdentifier.init) }

    /// The timer is due at once and cannot fire before the dial has begun: both are asked for in one job of the loop.
    func open(_ settings: DialSettings, thenWake body: @escaping @Sendable () -> Void) -> LoopSocket {
        loop.wake(after: .zero, body)
        return open(settings)
    }

    /// Any process of the host may connect to the loop's own listener, whose name is in /proc/net/unix.
    @Test func `strangers at the loop's own listener keep nobody from dialling`() async throws {
        let server = try await ScriptedServer.start(script: echo)
        defer { server.stop() }
        let client = LoopClient(loop: try EventLoop(connectionLimit: 4))
        defer { client.loop.shutDown() }
        let strangers = (0..<200).map { _ in connectAbstract(client.loop.standIn.address) }
        strangers.forEach { _ = Glibc.close($0) }
        #expect(strangers.contains { $0 >= 0 })
        for _ in 0..<3 {
            let socket = await client.open(try .to(server, "ws"))
            #expect(await socket.isOpened())
            await socket.abandon()
        }
    }
}

/// - Parameter name: as libwebsockets takes it, "+@" before the name.
private func connectAbstract(_ name: String) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let text = Array(name.utf8.dropFirst(2))
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { path in
        unsafe UnsafeMutableRawBufferPointer(rebasing: path.dropFirst()).copyBytes(from: text)
    }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + text.count)
    let result = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(descriptor, $0, length) }
    }
    guard result == 0 else {
        Glibc.close(descriptor)
        return -1
    }
    return descriptor
}
