import NIOCore
import Testing
import Vocabulary

@testable import MiniServer
@testable import ServerTransport

@Suite(.timeLimit(.minutes(1)))
struct HostileHTTPTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: String
        let status: Int

        var testDescription: String { name }
    }

    private static let get = "GET /whoami HTTP/1.1\r\nHost: localhost\r\n"
    private static let post = "POST /echo HTTP/1.1\r\nHost: localhost\r\n"

    static let attacks = [
        Attack(name: "h2 preface", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400),
        Attack(name: "HTTP/0.9", bytes: "GET /whoami\r\n\r\n", status: 400),
        Attack(name: "no method", bytes: "\u{1}\u{2}\u{3}\u{4} / HTTP/1.1\r\n\r\n", status: 400),
        Attack(name: "no Host", bytes: "GET /whoami HTTP/1.1\r\n\r\n", status: 400),
        Attack(name: "two Hosts", bytes: get + "Host: other\r\n\r\n", status: 400),
        Attack(
            name: "one huge header",
            bytes: get + "X: " + String(repeating: "a", count: 40_000) + "\r\n\r\n",
            status: 431),
        Attack(
            name: "headers beyond 32 KiB together",
            bytes: get + (0..<60).map { "X-\($0): " + String(repeating: "a", count: 700) + "\r\n" }.joined() + "\r\n",
            status: 431),
        Attack(
            name: "too many headers",
            bytes: get + String(repeating: "X: y\r\n", count: 2000) + "\r\n", status: 431),
        Attack(
            name: "long target",
            bytes: "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: localhost\r\n\r\n",
            status: 414),
        Attack(
            name: "Content-Length and Transfer-Encoding",
            bytes: post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: 400),
        Attack(
            name: "two Content-Lengths",
            bytes: post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            status: 400),
        Attack(name: "negative length", bytes: post + "Content-Length: -1\r\n\r\n", status: 400),
        Attack(name: "bad chunk size", bytes: post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", status: 400),
        Attack(name: "folded header", bytes: get + "X: a\r\n b\r\n\r\n", status: 400),
        Attack(name: "announced body too large", bytes: post + "Content-Length: 10485761\r\n\r\n", status: 413),
        Attack(
            name: "unknown encoding",
            bytes: post + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
            status: 415),
        Attack(
            name: "two encodings",
            bytes: post + "Content-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\nx",
            status: 415),
        Attack(
            name: "no gzip",
            bytes: post + "Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nplaintext",
            status: 400),
        Attack(
            name: "WebSocket version 8",
            bytes: RawClient.upgradeRequest().replacing("Version: 13", with: "Version: 8"),
            status: 426),
        Attack(
            name: "upgrade without a key",
            bytes: RawClient.upgradeRequest().replacing("Sec-WebSocket-Key", with: "X"),
            status: 426),
        Attack(
            name: "upgrade with a body",
            bytes: RawClient.upgradeRequest(headers: ["Content-Length: 3"]) + "abc", status: 426),
        Attack(name: "upgrade elsewhere", bytes: RawClient.upgradeRequest("/whoami"), status: 200),
        Attack(
            name: "upgrade to h2c",
            bytes: get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
            status: 200),
        Attack(
            name: "no OpAMP media type",
            bytes: "POST /v1/opamp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
            status: 415),
        Attack(
            name: "a Handover-Id that is none",
            bytes: RawClient.upgradeRequest(headers: ["Handover-Id: ../x"]),
            status: 400),
    ]

    @Test(arguments: attacks)
    func `gets an answer that says what is wrong, and the next caller is served`(attack: Attack) async throws {
        try await TestServer.run { server in
            let attacker = try await server.client()
            try await attacker.send(attack.bytes)
            #expect(await attacker.answer()?.status == attack.status)
            let honest = try await server.client()
            try await honest.send(Self.get + "\r\n")
            #expect(await honest.answer()?.status == 200)
        }
    }

    @Test func `a chunked body is cut off at the limit`() async throws {
        var limits = ListenerLimits()
        limits.bodyBytes = 100_000
        try await TestServer.run(limits: limits) { server in
            let client = try await server.client()
            try await client.send(Self.post + "Transfer-Encoding: chunked\r\n\r\n")
            let chunk = "4000\r\n" + String(repeating: "a", count: 0x4000) + "\r\n"
            for _ in 0..<10 { try? await client.send(chunk) }
            #expect(await client.answer()?.status == 413)
        }
    }

    @Test func `gzip is read, and a bomb is not`() async throws {
        try await TestServer.run { server in
            let client = try await server.client()
            let small = Gzip.zeros(500_000)
            #expect(try await client.post("/echo", small, headers: ["Content-Encoding: gzip"])?.text == "500000")
            let bomb = Gzip.zeros(50_000_000, hasChecksum: false)
            #expect(bomb.count < 400_000)
            #expect(try await client.post("/echo", bomb, headers: ["Content-Encoding: gzip"])?.status == 413)
            let cut = try await server.client()
            let half = Array(small.prefix(small.count / 2))
            #expect(try await cut.post("/echo", half, headers: ["Content-Encoding: gzip"])?.status == 400)
        }
    }

    /// Each says something, now and then, and never enough.
    @Test(arguments: [
        "", "GET /whoami HTTP/1.1\r\nHost: loc",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab",
    ])
    func `a client that never finishes a request is disconnected`(beginning: String) async throws {
        var limits = ListenerLimits()
        limits.headWait = .milliseconds(200)
        limits.bodyWait = .milliseconds(200)
        try await TestServer.run(limits: limits) { server in
            let client = try await server.client()
            try? await client.send(beginning)
            #expect(await client.readToEnd() == [])
        }
    }

    @Test func `a client without a TLS handshake is disconnected`() async throws {
        var limits = ListenerLimits()
        limits.headWait = .milliseconds(200)
        try await TestServer.run(limits: limits) { server in
            let client = try await RawClient.connectPlainly(to: server.port)
            #expect(await client.readToEnd() == [])
        }
    }

    @Test func `a connection that has had its answer is not kept for ever`() async throws {
        var limits = ListenerLimits()
        limits.idleWait = .milliseconds(200)
        try await TestServer.run(limits: limits) { server in
            let client = try await server.client()
            try await client.send(Self.get + "\r\n" + Self.get + "\r\n")
            #expect(await client.answer()?.status == 200)
            #expect(await client.answer()?.status == 200)
            #expect(await client.readToEnd() == [])
        }
    }

    @Test func `connections beyond the limit wait until one ends`() async throws {
        var limits = ListenerLimits()
        limits.connections = 1
        try await TestServer.run(limits: limits) { server in
            let first = try await server.client()
            try await first.send(Self.get + "\r\n")
            #expect(await first.answer()?.status == 200)
            let second = try await server.client()
            async let answer: RawAnswer? = {
                try await second.send(Self.get + "\r\n")
                return await second.answer()
            }()
            await first.close()
            #expect(try await answer?.status == 200)
        }
    }
}
