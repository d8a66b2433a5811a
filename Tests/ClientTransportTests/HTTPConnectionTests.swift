import Certificates
import ClientTransport
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

@Suite(.serialized, .timeLimit(.minutes(2))) struct HTTPConnectionTests {
    @Test(arguments: [0, 1, 5_000, 200_000, 3_000_000])
    func `a body goes there and back over mutual TLS`(size: Int) async throws {
        let authority = try TestAuthority()
        let agent = try authority.agent()
        let script: ScriptedServer.Script = { request in
            .answer(200, headers: [("Content-Type", "application/x-protobuf")], body: request.body)
        }
        try await withServer(tls: try authority.tls(), script: script) { client, server in
            let settings = try DialSettings.to(server, "https", trusting: [authority.certificate], as: agent)
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let uid = HeaderField("OpAMP-Instance-UID", Secret("x"))
            let answer = try await client.post(settings, headers: [uid], body: body).get()
            #expect(answer.body == body)
            #expect(answer.contentType == "application/x-protobuf")
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.header("content-type") == "application/x-protobuf")
            #expect(request.header("content-length") == String(size))
            #expect(request.header("opamp-instance-uid") == "x")
            #expect(request.peerLeaf == agent.certificate.der)
        }
    }

    @Test func `chunked answers are undone`() async throws {
        let reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        try await withServer(tls: nil, script: { _ in .raw(reply) }) { client, server in
            let answer = try await client.post(.to(server, "http")).get()
            #expect(answer.body == Array("abcde".utf8))
        }
    }

    @Test func `an answer without a body is an answer`() async throws {
        try await withServer(tls: nil, script: { _ in .answer(200) }) { client, server in
            let answer = try await client.post(.to(server, "http")).get()
            #expect(answer.body.isEmpty)
        }
    }

    @Test func `an answer beyond the limit is refused`() async throws {
        let announced: ScriptedReply = .answer(200, body: Array(repeating: 0, count: 2000))
        let streamed: ScriptedReply = .raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + String(repeating: "x", count: 2000))
        for reply in [announced, streamed] {
            try await withServer(tls: nil, script: { _ in reply }) { client, server in
                let failure = try await client.failure(of: .to(server, "http").with { $0.receiveLimit = 1999 })
                #expect(failure.cause == .protocol)
                #expect(failure.detail.contains("1999"))
            }
        }
    }

    @Test func `an answer that stops half way is none`() async throws {
        let reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
        try await withServer(tls: nil, script: { _ in .raw(reply, thenClose: true) }) { client, server in
            let failure = try await client.failure(of: .to(server, "http"))
            #expect(failure.cause == .protocol)
            #expect(failure.detail.contains("cut off"))
        }
    }

    @Test func `a body beyond the limit is not sent`() async throws {
        try await withServer(tls: nil, script: echo) { client, server in
            let settings = try DialSettings.to(server, "http").with { $0.sendLimit = 10 }
            guard case .failure(let failure) = await client.post(settings, body: Array(repeating: 0, count: 11)) else {
                Issue.record("sent")
                return
            }
            #expect(failure.cause == .policy)
            #expect(server.connectionCount == 0)
        }
    }
}
