import Certificates
import ClientTransport
import Glibc
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

@Suite(.serialized, .timeLimit(.minutes(2))) struct ProxyTests {
    @Test(arguments: ["wss", "https", "ws", "http"])
    func `a connection goes through the proxy with its headers`(scheme: String) async throws {
        let authority = try TestAuthority()
        let tls = scheme.hasSuffix("s") && scheme != "ws" ? try authority.tls() : nil
        let proxy = try await ScriptedProxy.start(.tunnel)
        defer { proxy.stop() }
        try await withServer(tls: tls, script: echo) { client, server in
            let settings = try DialSettings.to(server, scheme, trusting: [authority.certificate])
            let headers = [
                HeaderField("X-Tenant", Secret("7")), HeaderField("Proxy-Authorization", Secret("Basic dXNlcjpwQHNz")),
            ]
            let through = ProxySettings(
                host: "127.0.0.1", port: try #require(UInt16(exactly: proxy.port)), connectHeaders: headers)
            #expect(await client.succeeds(settings.with { $0.proxy = through }))
            let authority = "127.0.0.1:\(server.port)"
            #expect(
                proxy.requests == [
                    "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\nX-Tenant: 7\r\n"
                        + "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n"
                ])
            // What the proxy is told is not the server's.
            #expect(server.requests.first?.header("proxy-authorization") == nil)
            #expect(server.requests.count == 1)
        }
    }

    enum Answer: CaseIterable { case refusal, refusalWithPage, nonsense, silence, nobody }

    @Test(arguments: Answer.allCases)
    func `a proxy that does not help is named as the cause`(answer: Answer) async throws {
        let reply: ScriptedProxy.Reply =
            switch answer {
            case .refusal: .answer("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            // As squid sends it, and it keeps the connection.
            case .refusalWithPage:
                .answer("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 13\r\n\r\n<html></html>")
            case .nonsense: .answer("hello\r\n\r\n")
            case .silence, .nobody: .silence
            }
        let proxy = try await ScriptedProxy.start(reply)
        defer { proxy.stop() }
        let gone = try await ScriptedServer.start(script: echo)
        await gone.stopAndWait()
        try await withClient { client in
            let port = try #require(UInt16(exactly: answer == .nobody ? gone.port : proxy.port))
            let settings = DialSettings(
                endpoint: try Endpoint("wss://server.example:4320/"),
                proxy: ProxySettings(host: "127.0.0.1", port: port),
                connectTimeout: .milliseconds(answer == .silence ? 300 : 5000))
            let failure = try await client.failure(of: settings)
            #expect(failure.cause == (answer == .silence ? .timeout : .proxy))
            #expect(failure.httpStatus == (answer == .refusal || answer == .refusalWithPage ? 407 : nil))
        }
    }

    /// In a process of its own, since the environment belongs to all threads.
    @Test func `the environment's proxy is not used`() async throws {
        await #expect(processExitsWith: .success) {
            try #require(unsafe setenv("http_proxy", "http://127.0.0.1:9", 1) == 0)
            try await withServer(tls: nil, script: echo) { client, server in
                let isOpened = await client.succeeds(try .to(server, "ws"))
                try #require(isOpened)
            }
        }
    }
}
