import Certificates
import ClientTransport
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

@Suite(.serialized, .timeLimit(.minutes(2))) struct WebSocketTests {
    @Test func `a message comes back over mutual TLS`() async throws {
        let authority = try TestAuthority()
        let agent = try authority.agent()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate], as: agent).with {
                $0.headers = [
                    HeaderField("Authorization", Secret("Bearer x")), HeaderField("OpAMP-Test", Secret("yes")),
                ]
            }
            let socket = await client.open(settings)
            guard case .opened(let facts?) = await socket.next() else {
                Issue.record("not opened")
                return
            }
            #expect(facts.version == "TLSv1.3")
            #expect(facts.peerChain.count == 1)
            try await socket.send([1, 2, 3])
            #expect(await socket.nextMessage() == [1, 2, 3])
            await socket.close()
            #expect(await socket.nextClose()?.code == 1000)
            let request = try #require(server.requests.first)
            #expect(request.peerLeaf == agent.certificate.der)
            #expect(request.header("authorization") == "Bearer x")
            #expect(request.header("opamp-test") == "yes")
            #expect(request.header("host") == "127.0.0.1:\(server.port)")
            #expect(request.header("sec-websocket-extensions") == nil)
            #expect(request.path == "/v1/opamp")
        }
    }

    @Test(arguments: [0, 1, 125, 126, 1023, 1024, 4096, 65_535, 65_536, 3_000_000])
    func `a message of any size comes back whole`(size: Int) async throws {
        let authority = try TestAuthority()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let socket = await client.open(try .to(server, trusting: [authority.certificate]))
            #expect(await socket.isOpened())
            let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await socket.send(message)
            #expect(await socket.nextMessage() == message)
        }
    }

    @Test func `many messages arrive in order, both ways`() async throws {
        try await withServer(tls: nil, script: echo) { client, server in
            let socket = await client.open(try .to(server, "ws"))
            #expect(await socket.isOpened())
            for number in 0..<200 { try await socket.send([UInt8(number)]) }
            for number in 0..<200 { #expect(await socket.nextMessage() == [UInt8(number)]) }
        }
    }

    @Test func `fragments are put together`() async throws {
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                socket.send(fragments: [[1], [2, 3], [], [4]])
                socket.ping()
                socket.send(fragments: [Array(repeating: 5, count: 5000), Array(repeating: 6, count: 5000)])
                await socket.waitForEnd()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let socket = await client.open(try .to(server, "ws"))
            #expect(await socket.isOpened())
            #expect(await socket.nextMessage() == [1, 2, 3, 4])
            #expect(await socket.nextMessage()?.count == 10_000)
        }
    }

    enum Excess: CaseIterable { case oneFrame, fragments, text }

    @Test(arguments: Excess.allCases)
    func `what OpAMP does not allow ends the connection, and the Close frame says why`(excess: Excess) async throws {
        let (closes, seen) = AsyncStream.makeStream(of: ScriptedWebSocket.Frame.self)
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                switch excess {
                case .oneFrame: socket.send(Array(repeating: 0, count: 5001))
                case .fragments: socket.send(fragments: Array(repeating: Array(repeating: 0, count: 1000), count: 6))
                case .text: socket.send(text: "hello")
                }
                for await frame in socket.frames { seen.yield(frame) }
                seen.finish()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let socket = await client.open(try .to(server, "ws").with { $0.receiveLimit = 5000 })
            let events = await socket.all()
            guard case .failed(let failure) = events.last, events.count == 2 else {
                Issue.record("\(events)")
                return
            }
            #expect(failure.cause == .protocol)
            let close = await closes.first { _ in true }
            #expect(close == .close(code: excess == .text ? 1003 : 1009, reason: ""))
        }
    }

    @Test func `a message at the limit is taken`() async throws {
        try await withServer(tls: nil, script: echo) { client, server in
            let settings = try DialSettings.to(server, "ws").with { ($0.receiveLimit, $0.sendLimit) = (5000, 5000) }
            let socket = await client.open(settings)
            #expect(await socket.isOpened())
            try await socket.send(Array(repeating: 7, count: 5000))
            #expect(await socket.nextMessage()?.count == 5000)
            await #expect(throws: SendRefusal.tooLarge(limit: 5000)) {
                try await socket.send(Array(repeating: 7, count: 5001))
            }
        }
    }

    @Test func `nothing is taken before it is open`() async throws {
        try await withServer(tls: nil, script: { _ in .silence }) { client, server in
            let socket = await client.open(try .to(server, "ws"))
            await #expect(throws: SendRefusal.notOpen) { try await socket.send([1]) }
            await socket.close()
        }
    }

    @Test func `nothing is taken after close, or beyond the queue`() async throws {
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                socket.freeze()
                socket.send([1])
                await socket.waitForEnd()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let socket = await client.open(try .to(server, "ws").with { $0.closeTimeout = .milliseconds(100) })
            #expect(await socket.isOpened())
            #expect(await socket.nextMessage() == [1], "the server reads no more")
            await #expect(throws: SendRefusal.queueFull) {
                for _ in 0..<10_000 { try await socket.send(Array(repeating: 0, count: 100_000)) }
            }
            await socket.close()
            await #expect(throws: SendRefusal.notOpen) { try await socket.send([1]) }
            #expect(await socket.nextClose()?.code == nil)
        }
    }

    // MARK: - Closing

    @Test func `what was sent before the close arrives before it`() async throws {
        let (frames, seen) = AsyncStream.makeStream(of: ScriptedWebSocket.Frame.self)
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                for await frame in socket.frames { seen.yield(frame) }
                seen.finish()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let socket = await client.open(try .to(server, "ws"))
            #expect(await socket.isOpened())
            try await socket.send([1])
            try await socket.send([2])
            await socket.close(reason: "moving")
            await socket.close()
            #expect(
                await frames.reduce(into: []) { $0.append($1) }
                    == [.binary([1]), .binary([2]), .close(code: 1000, reason: "moving")])
            #expect(await socket.nextClose()?.code == 1000)
            #expect(await socket.next() == nil)
        }
    }

    @Test func `a server that does not answer a Close frame is not waited for`() async throws {
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                socket.freeze()
                await socket.waitForEnd()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let socket = await client.open(try .to(server, "ws").with { $0.closeTimeout = .milliseconds(200) })
            #expect(await socket.isOpened())
            await socket.close()
            #expect(await socket.nextClose() != nil)
        }
    }

    @Test func `an abandoned connection is gone at once, and what was queued with it`() async throws {
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                socket.freeze()
                await socket.waitForEnd()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let socket = await client.open(try .to(server, "ws").with { $0.closeTimeout = .seconds(3600) })
            #expect(await socket.isOpened())
            for _ in 0..<100 { try await socket.send(Array(repeating: 0, count: 100_000)) }
            await socket.abandon()
            await socket.abandon()
            await #expect(throws: SendRefusal.notOpen) { try await socket.send([1]) }
            let close = await socket.nextClose()
            #expect(close?.code == nil && close?.reason == "given up")
            #expect(await socket.next() == nil)
            #expect(ownSockets(connectedTo: server.port) == 0)
        }
    }

    @Test func `a goodbye that waits for its answer can be cut short`() async throws {
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                socket.freeze()
                await socket.waitForEnd()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let socket = await client.open(try .to(server, "ws").with { $0.closeTimeout = .seconds(3600) })
            #expect(await socket.isOpened())
            await socket.close()
            await socket.abandon()
            #expect(await socket.nextClose() != nil)
        }
    }

    @Test(arguments: [1000, 1001, 4000] as [UInt16])
    func `the server's close is passed on with code and reason`(code: UInt16) async throws {
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                socket.close(code: code, reason: "restarting")
                await socket.waitForEnd()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let events = await client.open(try .to(server, "ws")).all()
            guard case .closed(code: code, reason: "restarting") = events.last, events.count == 2 else {
                Issue.record("\(events)")
                return
            }
        }
    }

    @Test func `a connection that breaks closes without a code`() async throws {
        let script: ScriptedServer.Script = { _ in .webSocket { $0.drop() } }
        try await withServer(tls: nil, script: script) { client, server in
            let socket = await client.open(try .to(server, "ws"))
            #expect(await socket.isOpened())
            let close = try #require(await socket.nextClose())
            #expect(close.code == nil)
        }
    }

    @Test func `closing while dialling ends the dial`() async throws {
        try await withServer(tls: nil, arrival: { _ in .silent }, script: echo) { client, server in
            let socket = await client.open(try .to(server, "ws"))
            await socket.close()
            let events = await socket.all()
            guard case .closed(code: nil, _) = events.first, events.count == 1 else {
                Issue.record("\(events)")
                return
            }
        }
    }

    // MARK: - Liveness

    @Test func `a frozen server is cut off`() async throws {
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                socket.freeze()
                await socket.waitForEnd()
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let settings = try DialSettings.to(server, "ws")
                .with { ($0.pingInterval, $0.idleTimeout) = (.milliseconds(50), .milliseconds(300)) }
            let failure = try await client.open(settings).failure()
            #expect(failure.cause == .timeout)
            #expect(failure.detail.contains("silent"))
        }
    }

    @Test func `pings keep a quiet connection, and the server's are answered`() async throws {
        let (frames, seen) = AsyncStream.makeStream(of: ScriptedWebSocket.Frame.self)
        let script: ScriptedServer.Script = { _ in
            .webSocket { socket in
                socket.ping([9])
                for await frame in socket.frames { seen.yield(frame) }
            }
        }
        try await withServer(tls: nil, script: script) { client, server in
            let settings = try DialSettings.to(server, "ws")
                .with { ($0.pingInterval, $0.idleTimeout) = (.milliseconds(50), .milliseconds(500)) }
            let socket = await client.open(settings)
            #expect(await socket.isOpened())
            var (pings, pong) = (0, false)
            for await frame in frames {
                if case .ping = frame { pings += 1 }
                if case .pong([9]) = frame { pong = true }
                // Far beyond the idle timeout, counted in pings.
                if pings == 20, pong { break }
            }
            await socket.close()
            #expect(await socket.nextClose()?.code == 1000)
        }
    }
}
