import Certificates
import ScriptedServer
import Synchronization
import TestPKI
import Testing
import Vocabulary

@testable import ClientTransport

/// One transport connection for many POSTs.
@Suite(.serialized, .timeLimit(.minutes(2))) struct KeptConnectionTests {
    @Test(arguments: ["https", "http"])
    func `many POSTs share one connection and one handshake`(scheme: String) async throws {
        let authority = try TestAuthority()
        let agent = try authority.agent()
        try await withServer(tls: scheme == "https" ? try authority.tls() : nil, script: echo) { client, server in
            let connection = await client.keep(
                try .to(server, scheme, trusting: [authority.certificate], as: agent))
            for number in 0..<50 {
                let answer = try await connection.post([UInt8(number)]).get()
                #expect(answer.body == [UInt8(number)])
            }
            #expect(server.connectionCount == 1)
            #expect(server.serverNames.count == (scheme == "https" ? 1 : 0))
            #expect(server.requests.allSatisfy { $0.peerLeaf == (scheme == "https" ? agent.certificate.der : nil) })
            await connection.close()
            while server.openConnectionCount > 0 { await Task.yield() }
            let (links, _) = await client.leftovers()
            #expect(links == 0)
        }
    }

    /// What a server does with the second request of its first connection.
    enum End: CaseIterable {
        case beforeTheRequest, duringTheRequest, duringTheAnswer

        func reply(toRequest number: Int) -> ScriptedReply {
            let good: ScriptedReply = .answer(200, body: [UInt8(number)])
            return switch (self, number) {
            case (.beforeTheRequest, 1): .raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", thenClose: true)
            case (.duringTheRequest, 2): .close
            case (.duringTheAnswer, 2): .raw("HTTP/1.1 2", thenClose: true)
            default: good
            }
        }
    }

    @Test(arguments: ["https", "http"], End.allCases)
    func `a request that met the end of a kept connection goes over a fresh one`(
        scheme: String, end: End
    ) async throws {
        let authority = try TestAuthority()
        let count = Counter()
        let tls = scheme == "https" ? try authority.tls() : nil
        try await withServer(tls: tls, script: { _ in end.reply(toRequest: count.next()) }) { client, server in
            let connection = await client.keep(try .to(server, scheme, trusting: [authority.certificate]))
            _ = try await connection.post([1]).get()
            if end == .beforeTheRequest { while server.openConnectionCount > 0 { await Task.yield() } }
            let second = await connection.post([2])
            switch (end, second) {
            case (.duringTheAnswer, .failure(let failure)):
                // The server has taken it: the message is not repeated behind the agent's back.
                #expect(failure.cause == .protocol)
                #expect(server.requests.map(\.body) == [[1], [2]])
            case (.beforeTheRequest, .success):
                #expect(server.requests.map(\.body) == [[1], [2]])
                #expect(server.connectionCount == 2)
            case (.duringTheRequest, .success):
                #expect(server.requests.map(\.body) == [[1], [2], [2]])
                #expect(server.connectionCount == 2)
            default: Issue.record("\(second)")
            }
            // Whatever happened, the next one is served.
            _ = try await connection.post([9]).get()
        }
    }

    @Test func `a request is repeated once, and never over a connection of its own`() async throws {
        let count = Counter()
        try await withServer(tls: nil, script: { _ in count.next() == 1 ? .answer(200) : .close }) { client, server in
            let connection = await client.keep(try .to(server, "http"))
            _ = try await connection.post([1]).get()
            for (number, seen) in [(UInt8(2), 3), (3, 4)] {
                #expect(try await connection.failure(of: [number]).cause == .tcp)
                #expect(server.requests.count == seen)
            }
        }
    }

    @Test func `a server that falls silent is no reason to repeat`() async throws {
        let count = Counter()
        try await withServer(tls: nil, script: { _ in count.next() == 1 ? .answer(200) : .silence }) { client, server in
            let connection = await client.keep(
                try .to(server, "http").with { $0.handshakeTimeout = .milliseconds(300) })
            // The first may be as slow as the machine is.
            _ = await connection.post([1])
            #expect(try await connection.failure(of: [2]).cause == .timeout)
            #expect(server.requests.filter { $0.body == [2] }.count <= 1)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        // More than one answer to one request.
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 408 Request Timeout\r\n\r\n",
    ])
    func `what ends the connection, or does not belong to the answer, ends its use`(reply: String) async throws {
        try await withServer(tls: nil, script: { _ in .raw(reply) }) { client, server in
            let connection = await client.keep(try .to(server, "http"))
            for number in 1...3 {
                #expect(try await connection.post().get().body == Array("x".utf8))
                #expect(server.connectionCount == number)
            }
        }
    }

    @Test func `an idle connection is closed after its time`() async throws {
        try await withServer(tls: nil, script: echo) { client, server in
            let connection = await client.keep(try .to(server, "http").with { $0.keepTime = .milliseconds(20) })
            for number in 1...2 {
                _ = try await connection.post().get()
                while server.openConnectionCount > 0 { await Task.yield() }
                #expect(server.connectionCount == number)
            }
            let (links, _) = await client.leftovers()
            #expect(links == 0)
        }
    }

    @Test func `a connection that was closed delivers nothing any more`() async throws {
        try await withServer(tls: nil, script: { _ in .silence }) { client, server in
            let connection = await client.keep(try .to(server, "http"))
            await connection.postAndForget { Issue.record("delivered \($0)") }
            while server.requests.isEmpty { await Task.yield() }
            await connection.close()
            while server.openConnectionCount > 0 { await Task.yield() }
            #expect(await client.isOnLoop())
        }
    }

    @Test func `a loop that is shut down ends kept connections`() async throws {
        let server = try await ScriptedServer.start(script: echo)
        defer { server.stop() }
        let client = try LoopClient()
        let connection = await client.keep(try .to(server, "http"))
        _ = try await connection.post().get()
        client.loop.shutDown()
        while server.openConnectionCount > 0 { await Task.yield() }
        #expect(try await connection.failure(of: [1]).cause == .tcp)
    }
}

/// Counts from 1.
private final class Counter: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
