import Certificates
import ClientTransport
import ScriptedServer
import Glibc
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
            for form in ["http://", "", "http://user:p%40ss@"] {
                let through = try Proxy(
                    url: "\(form)127.0.0.1:\(proxy.port)", connectHeaders: [HTTPHeader("X-Tenant", "7")])
                #expect(await client.succeeds(settings.with { $0.proxy = through }))
            }
            let asked = proxy.requests
            #expect(asked.count == 3)
            for head in asked {
                let authority = "127.0.0.1:\(server.port)"
                #expect(head.hasPrefix("CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n"))
                #expect(head.contains("X-Tenant: 7\r\n"))
            }
            #expect(asked.last?.contains("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n") == true)
            #expect(server.requests.count == 3)
        }
    }

    enum Answer: CaseIterable { case refusal, nonsense, silence, nobody }

    @Test(arguments: Answer.allCases)
    func `a proxy that does not help is named as the cause`(answer: Answer) async throws {
        let reply: ScriptedProxy.Reply =
            switch answer {
            case .refusal: .answer("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            case .nonsense: .answer("hello\r\n\r\n")
            case .silence, .nobody: .silence
            }
        let proxy = try await ScriptedProxy.start(reply)
        defer { proxy.stop() }
        let gone = try await ScriptedServer.start(script: echo)
        await gone.stopAndWait()
        try await withClient { client in
            let port = answer == .nobody ? gone.port : proxy.port
            let settings = DialSettings(
                endpoint: try Endpoint("wss://server.example:4320/"), proxy: try Proxy(url: "127.0.0.1:\(port)"),
                connectTimeout: .milliseconds(answer == .silence ? 300 : 5000))
            let failure = try await client.failure(of: settings)
            #expect(failure.cause == (answer == .silence ? .timeout : .proxy))
            #expect(failure.httpStatus == (answer == .refusal ? 407 : nil))
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

    @Test(arguments: [
        "https://proxy:3128", "socks5://proxy:1080", "http://", "proxy:port", "http://proxy/path", "http://a b",
    ])
    func `a proxy that cannot be used is refused`(url: String) {
        #expect(throws: ProxyRefusal.self) { try Proxy(url: url) }
    }
}
