import ScriptedServer
import Synchronization
import Testing
import Vocabulary

@testable import ClientTransport

/// Compressed bodies, both ways (OpAMP, Plain HTTP Transport).
@Suite(.serialized, .timeLimit(.minutes(2))) struct GzipTests {
    /// "abcde" as another implementation compresses it.
    static let abcde: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 76, 74, 78, 73, 5, 0, 101, 216, 135, 133, 5, 0, 0, 0,
    ]
    static let coded = ("Content-Encoding", "gzip")

    @Test(arguments: [1024, 5_000, 300_000])
    func `what was compressed comes back`(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let compressed = try #require(Gzip.compressed(bytes))
        #expect(compressed.count < size)
        #expect(try Gzip.decompressed(compressed, limit: size) == bytes)
        #expect(throws: Gzip.Problem.tooLong) { try Gzip.decompressed(compressed, limit: size - 1) }
    }

    @Test func `what does not become shorter is left`() {
        var generator = SystemRandomNumberGenerator()
        #expect(Gzip.compressed((0..<2000).map { _ in UInt8.random(in: 0...255, using: &generator) }) == nil)
    }

    @Test func `gzip is read whole or not at all`() throws {
        #expect(try Gzip.decompressed(Self.abcde, limit: 5) == Array("abcde".utf8))
        #expect(try Gzip.decompressed(Self.abcde + Self.abcde, limit: 10) == Array("abcdeabcde".utf8))
        for cut in 0..<Self.abcde.count {
            #expect(throws: Gzip.Problem.notGzip) { try Gzip.decompressed(Array(Self.abcde[..<cut]), limit: 5) }
        }
        for place in Self.abcde.indices.dropFirst(17) {
            var broken = Self.abcde
            broken[place] ^= 1
            #expect(throws: Gzip.Problem.notGzip) { try Gzip.decompressed(broken, limit: 5) }
        }
        #expect(throws: Gzip.Problem.notGzip) { try Gzip.decompressed(Self.abcde + [0], limit: 5) }
    }

    @Test func `C16 a compressed answer is read, and is asked for`() async throws {
        let script: ScriptedServer.Script = { _ in .answer(200, headers: [Self.coded], body: Self.abcde) }
        try await withServer(tls: nil, script: script) { client, server in
            let answer = try await client.post(.to(server, "http")).get()
            #expect(answer.body == Array("abcde".utf8))
            #expect(server.requests.first?.header("accept-encoding") == "gzip")
        }
    }

    @Test func `C18 the limit of an answer counts what comes out of it`() async throws {
        let bomb = try #require(Gzip.compressed(Array(repeating: 0, count: 20_000_000)))
        #expect(bomb.count < 200_000)
        try await withServer(tls: nil, script: { _ in .answer(200, headers: [Self.coded], body: bomb) }) {
            client, server in
            let failure = try await client.failure(of: .to(server, "http").with { $0.receiveLimit = 1_000_000 })
            #expect(failure.cause == .protocol)
            #expect(failure.detail.contains("longer than 1000000"))
        }
    }

    @Test(arguments: [("br", "content coding br"), ("gzip, gzip", "content coding gzip, gzip"), ("gzip", "is not")])
    func `an answer in another coding, or in none of its own, is named`(coding: String, words: String) async throws {
        let body = Array("plain".utf8)
        try await withServer(
            tls: nil, script: { _ in .answer(200, headers: [("Content-Encoding", coding)], body: body) }
        ) { client, server in
            let failure = try await client.failure(of: .to(server, "http"))
            #expect(failure.cause == .protocol)
            #expect(failure.detail.contains(words))
        }
    }

    @Test(arguments: [[("Accept-Encoding", "deflate, GZIP")], [coded]])
    func `C16 a large body is compressed for a server that has shown that it reads gzip`(
        headers: [(String, String)]
    ) async throws {
        let answer = headers[0].0 == "Content-Encoding" ? Self.abcde : []
        try await withServer(tls: nil, script: { _ in .answer(200, headers: headers, body: answer) }) {
            client, server in
            let connection = await client.keep(try .to(server, "http"))
            let large = Array(repeating: UInt8(7), count: 5000)
            for body in [large, large, [1]] { _ = try await connection.post(body).get() }
            let requests = server.requests
            #expect(requests.map { $0.header("content-encoding") } == [nil, "gzip", nil])
            #expect(requests[0].body == large && requests[2].body == [1])
            #expect(try Gzip.decompressed(requests[1].body, limit: 5000) == large)
        }
    }

    @Test(arguments: [400, 415])
    func `C16 a server that turns a compressed body down gets it as it is, and every later one`(
        status: Int
    ) async throws {
        let script: ScriptedServer.Script = { request in
            request.header("content-encoding") == nil
                ? .answer(200, headers: [("Accept-Encoding", "gzip")]) : .answer(status)
        }
        try await withServer(tls: nil, script: script) { client, server in
            let connection = await client.keep(try .to(server, "http"))
            let large = Array(repeating: UInt8(7), count: 5000)
            for _ in 0..<3 { _ = try await connection.post(large).get() }
            #expect(server.requests.map { $0.header("content-encoding") } == [nil, "gzip", nil, nil])
            #expect(server.requests[2].body == large)
        }
    }

    @Test func `a server that never spoke of gzip gets none, and its 400 stands`() async throws {
        let large = Array(repeating: UInt8(7), count: 5000)
        try await withServer(tls: nil, script: { $0.body == [1] ? .answer(400) : .answer(200) }) { client, server in
            let connection = await client.keep(try .to(server, "http"))
            for _ in 0..<2 { _ = try await connection.post(large).get() }
            #expect(server.requests.allSatisfy { $0.header("content-encoding") == nil })
            #expect(try await connection.failure(of: [1]).httpStatus == 400)
            #expect(server.requests.count == 3)
        }
    }

    @Test func `headers of the file say nothing about the body`() async throws {
        try await withServer(tls: nil, script: echo) { client, server in
            let names = ["Content-Type", "content-encoding", "Accept-Encoding", "X-Other"]
            let settings = try DialSettings.to(server, "http").with {
                $0.headers = names.map { HeaderField($0, Secret("br")) }
            }
            _ = try await client.post(settings).get()
            let headers = try #require(server.requests.first).headers.filter { $0.value == "br" }
            #expect(headers.map(\.name) == ["X-Other"])
        }
    }
}
