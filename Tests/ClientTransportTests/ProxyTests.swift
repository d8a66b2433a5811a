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

    /// An https proxy as a test needs it.
    private func withTLSProxy(
        _ reply: ScriptedProxy.Reply = .tunnel, authority: TestAuthority,
        names: [String] = ["localhost", "127.0.0.1"],
        clientCertificate: ScriptedServer.TLS.ClientCertificate = .asked, maximumVersionIs1_2: Bool = false,
        _ body: (ScriptedProxy, ProxySettings) async throws -> Void
    ) async throws {
        let tls = try authority.tls(
            names, clientCertificate: clientCertificate, maximumVersionIs1_2: maximumVersionIs1_2)
        let proxy = try await ScriptedProxy.start(reply, tls: tls)
        defer { proxy.stop() }
        let settings = ProxySettings(
            isTLS: true, host: "127.0.0.1", port: try #require(UInt16(exactly: proxy.port)),
            connectHeaders: [HeaderField("Proxy-Authorization", Secret("Basic eDp5"))])
        try await body(proxy, settings)
    }

    @Test(arguments: ["wss", "https", "ws", "http"], [false, true])
    func `an https proxy carries every kind of connection`(scheme: String, proxyIsOld: Bool) async throws {
        let (authority, proxyAuthority) = (try TestAuthority("server"), try TestAuthority("proxy"))
        let tls = ["wss", "https"].contains(scheme) ? try authority.tls() : nil
        try await withTLSProxy(authority: proxyAuthority, maximumVersionIs1_2: proxyIsOld) { proxy, through in
            try await withServer(tls: tls, script: echo) { client, server in
                let settings = try DialSettings.to(server, scheme, trusting: [authority.certificate]).with {
                    $0.proxy = through
                    $0.proxyTLS = ProxyTLS(anchors: [proxyAuthority.certificate], includeSystemRoots: false)
                }
                // More than one record, and more than a socket's buffer.
                let message = [UInt8](repeating: 7, count: 3 << 20)
                if settings.endpoint.isWebSocket {
                    let socket = await client.open(settings)
                    #expect(await socket.isOpened())
                    try await socket.send(message)
                    #expect(await socket.nextMessage() == message)
                    await socket.close()
                    #expect(await socket.nextClose()?.code == 1000)
                } else {
                    let answer = await client.post(settings, body: message)
                    #expect(try answer.get().body == message)
                }
                #expect(proxy.requests.count == 1 && proxy.requests[0].contains("Proxy-Authorization: Basic eDp5\r\n"))
                #expect(proxy.leaves == [nil])
                // Nobody keeps the tunnel open.
                while proxy.openConnectionCount > 0 { await Task.yield() }
            }
        }
    }

    @Test(arguments: [false, true])
    func `what belongs to the server does not reach the proxy`(proxyHasTLS: Bool) async throws {
        let (authority, proxyAuthority) = (try TestAuthority("server"), try TestAuthority("proxy"))
        let agent = try authority.agent()
        let own = try proxyAuthority.agent()
        let proxy = try await ScriptedProxy.start(.tunnel, tls: proxyHasTLS ? try proxyAuthority.tls() : nil)
        defer { proxy.stop() }
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate], as: agent).with {
                $0.headers = [HeaderField("Authorization", Secret("canary-header"))]
                $0.proxy = ProxySettings(
                    isTLS: proxyHasTLS, host: "127.0.0.1", port: UInt16(clamping: proxy.port))
                $0.proxyTLS = ProxyTLS(
                    anchors: [proxyAuthority.certificate],
                    identity: ClientIdentity(chain: [own.certificate], key: own.key))
            }
            #expect(await client.succeeds(settings))
            let polled = try Endpoint("https://127.0.0.1:\(server.port)/")
            #expect(await client.succeeds(settings.with { $0.endpoint = polled }))
            #expect(server.requests.allSatisfy { $0.peerLeaf == agent.certificate.der })
            #expect(server.requests.count == 2)
            #expect(proxy.leaves == Array(repeating: proxyHasTLS ? own.certificate.der : nil, count: 2))
            let received = proxy.received
            #expect(received.count > 1000)
            for secret in [Array("canary-header".utf8), agent.certificate.der, Array("opamp".utf8)] {
                #expect(!received.contains(secret))
            }
        }
    }

    enum TLSFault: CaseIterable { case unknownCA, otherName, noCertificate, strangersCertificate, plainProxy, refusal }

    @Test(arguments: TLSFault.allCases)
    func `an https proxy that does not help is named as the cause`(fault: TLSFault) async throws {
        let authority = try TestAuthority("proxy")
        let stranger = try TestAuthority("stranger")
        let needsCertificate = fault == .noCertificate || fault == .strangersCertificate
        let names = fault == .otherName ? ["elsewhere.example"] : ["127.0.0.1"]
        let refusal = ScriptedProxy.Reply.answer("HTTP/1.1 403 Forbidden\r\n\r\n")
        try await withTLSProxy(
            refusal, authority: authority, names: names,
            clientCertificate: needsCertificate ? .required(anchors: [authority.certificate.der]) : .notAsked
        ) { proxy, through in
            let plain = try await ScriptedServer.start(
                arrival: { _ in .raw(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)) }, script: echo)
            defer { plain.stop() }
            var through = through
            if fault == .plainProxy { through.port = UInt16(clamping: plain.port) }
            let identity = fault == .strangersCertificate ? try stranger.agent() : nil
            let settings = DialSettings(
                endpoint: try Endpoint("wss://server.example:4320/"), proxy: through,
                proxyTLS: ProxyTLS(
                    anchors: [fault == .unknownCA ? stranger.certificate : authority.certificate],
                    includeSystemRoots: false,
                    identity: identity.map { ClientIdentity(chain: [$0.certificate], key: $0.key) }),
                connectTimeout: .seconds(60))
            try await withClient { client in
                let failure = try await client.failure(of: settings)
                #expect(failure.cause == .proxy)
                #expect(failure.detail.contains("the proxy 127.0.0.1:\(through.port)"), "\(failure.detail)")
                let expected: [ProxyProblem] =
                    switch fault {
                    case .unknownCA, .otherName: [.untrusted]
                    // The alert may be lost with the connection.
                    case .noCertificate, .strangersCertificate: [.certificateRefused, .broken]
                    case .plainProxy: [.broken]
                    case .refusal: [.refused(status: 403)]
                    }
                #expect(failure.proxyProblem.map(expected.contains) == true, "\(failure)")
                // Nothing is said to a proxy that is not the one meant.
                if fault != .refusal { #expect(proxy.received.isEmpty || needsCertificate) }
            }
        }
    }

    @Test func `a tunnel ends when the proxy's end of it does`() async throws {
        let (authority, proxyAuthority) = (try TestAuthority("server"), try TestAuthority("proxy"))
        try await withTLSProxy(authority: proxyAuthority) { proxy, through in
            try await withServer(
                tls: try authority.tls(),
                script: { _ in
                    .webSocket { socket in
                        socket.send([1])
                        for await frame in socket.frames { if case .binary = frame { return } }
                    }
                }
            ) { client, server in
                let settings = try DialSettings.to(server, trusting: [authority.certificate]).with {
                    $0.proxy = through
                    $0.proxyTLS = ProxyTLS(anchors: [proxyAuthority.certificate], includeSystemRoots: false)
                }
                let socket = await client.open(settings)
                #expect(await socket.isOpened())
                #expect(await socket.nextMessage() == [1])
                try await socket.send([2])
                #expect(await socket.nextClose()?.reason == "the connection broke")
                while proxy.openConnectionCount > 0 { await Task.yield() }
            }
        }
    }

    @Test func `a connection that is given up leaves no tunnel behind`() async throws {
        let (authority, proxyAuthority) = (try TestAuthority("server"), try TestAuthority("proxy"))
        try await withTLSProxy(authority: proxyAuthority) { proxy, through in
            try await withServer(tls: try authority.tls(), script: echo) { client, server in
                let settings = try DialSettings.to(server, trusting: [authority.certificate]).with {
                    $0.proxy = through
                    $0.proxyTLS = ProxyTLS(anchors: [proxyAuthority.certificate], includeSystemRoots: false)
                }
                for number in 0..<20 {
                    let socket = await client.open(settings)
                    if number % 3 > 0 { #expect(await socket.isOpened()) }
                    // Still under way when it is given up.
                    if number % 3 > 1 { try await socket.send([UInt8](repeating: 1, count: 2 << 20)) }
                    await socket.abandon()
                }
                while proxy.openConnectionCount + ownSockets(connectedTo: proxy.port) > 0 { await Task.yield() }
                #expect(await client.succeeds(settings))
            }
        }
    }

    enum Answer: CaseIterable { case credentials, page, rules, unreachable, nonsense, closed, silence, nobody }

    @Test(arguments: Answer.allCases)
    func `a proxy that does not help is named as the cause`(answer: Answer) async throws {
        let reply: ScriptedProxy.Reply =
            switch answer {
            case .credentials: .answer("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            // As squid sends it, and it keeps the connection.
            case .page:
                .answer("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 13\r\n\r\n<html></html>")
            case .rules: .answer("HTTP/1.1 403 Forbidden\r\n\r\n")
            case .unreachable: .answer("HTTP/1.1 503 Service Unavailable\r\n\r\n")
            case .nonsense: .answer("hello\r\n\r\n")
            case .closed: .close
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
                proxy: ProxySettings(
                    host: "127.0.0.1", port: port, connectHeaders: [HeaderField("x", Secret("canary"))]),
                connectTimeout: answer == .silence ? .milliseconds(300) : .seconds(60))
            let failure = try await client.failure(of: settings)
            #expect(failure.cause == (answer == .silence ? .timeout : .proxy))
            let (status, next): (Int?, String) =
                switch answer {
                case .credentials, .page: (407, "Correct the credentials for the proxy")
                case .rules: (403, "in the proxy's rules")
                case .unreachable: (503, "proxy's host can resolve and reach it")
                case .nobody: (nil, "the proxy listens at 127.0.0.1:\(port)")
                case .nonsense, .closed, .silence: (nil, "read the proxy's log")
                }
            #expect(failure.httpStatus == status)
            let message = failure.operatorMessage
            #expect(message.cause.contains("the proxy 127.0.0.1:\(port)"), "\(message)")
            #expect(message.nextAction.contains(next), "\(message)")
            #expect(!message.description.contains("canary"))
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
