import Certificates
import ClientTransport
import ScriptedServer
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct WebSocketTests {
    @Test func `a message comes back over mutual TLS`() async throws {
        let authority = try TestAuthority()
        let agent = try authority.agent()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate], as: agent).with {
                $0.headers = [HTTPHeader("Authorization", "Bearer x"), HTTPHeader("OpAMP-Test", "yes")]
            }
            let socket = await client.open(settings)
            guard case .opened(let facts?) = await socket.next() else {
                Issue.record("not opened")
                return
            }
            #expect(facts.version == "TLSv1.3")
            #expect(facts.peerChain.count == 1)
            try await socket.send([1, 2, 3])
            guard case .message([1, 2, 3]) = await socket.next() else {
                Issue.record("no echo")
                return
            }
            await socket.close()
            guard case .closed(code: 1000, _) = await socket.next() else {
                Issue.record("not closed")
                return
            }
            let request = try #require(server.requests.first)
            #expect(request.peerLeaf == agent.certificate.der)
            #expect(request.header("authorization") == "Bearer x")
            #expect(request.header("opamp-test") == "yes")
            #expect(request.header("host") == "127.0.0.1:\(server.port)")
            #expect(request.path == "/v1/opamp")
        }
    }
}
