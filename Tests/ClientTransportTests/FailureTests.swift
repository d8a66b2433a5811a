import Certificates
import ClientTransport
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

/// What keeps a dial from ending in an open connection, short of trust.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FailureTests {
    @Test(arguments: [301, 401, 403, 404, 429, 500, 503], ["wss", "https"])
    func `a refusal carries status, Retry-After and cause`(status: Int, scheme: String) async throws {
        let authority = try TestAuthority()
        let headers = [
            ("Retry-After", "17"), ("OpAMP-Handover-Cause", "handover.not-awaited"),
            ("OpAMP-Handover-Next", "Create a token."),
            ("Location", "https://example.com/"),
        ]
        let script: ScriptedServer.Script = { _ in .answer(status, headers: headers, body: Array("no".utf8)) }
        try await withServer(tls: try authority.tls(), script: script) { client, server in
            let failure = try await client.failure(of: .to(server, scheme, trusting: [authority.certificate]))
            #expect(failure.cause == .http(status: status))
            #expect(failure.httpStatus == status)
            #expect(failure.retryAfter == .seconds(17))
            #expect(failure.handoverCause == "handover.not-awaited" && failure.nextAction == "Create a token.")
            #expect(server.requests.count == 1)
        }
    }

    @Test func `Retry-After may be a date`() async throws {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        let script: ScriptedServer.Script = { _ in .answer(503, headers: [("Retry-After", date)]) }
        try await withServer(tls: nil, script: script) { client, server in
            let failure = try await client.failure(of: .to(server, "ws"))
            #expect(failure.retryAfter == .zero)
        }
    }

    enum Silence: CaseIterable { case beforeTLS, afterTLS }

    @Test(arguments: Silence.allCases, ["wss", "https"])
    func `a server that falls silent is a timeout`(silence: Silence, scheme: String) async throws {
        let authority = try TestAuthority()
        try await withServer(
            tls: try authority.tls(), arrival: { _ in silence == .beforeTLS ? .silent : .serve },
            script: { _ in .silence }
        ) { client, server in
            let settings = try DialSettings.to(server, scheme, trusting: [authority.certificate])
                .with { $0.handshakeTimeout = .milliseconds(300) }
            let failure = try await client.failure(of: settings)
            #expect(failure.cause == .timeout)
            if silence == .beforeTLS { #expect(failure.detail.contains("TLS handshake")) }
        }
    }

    @Test(arguments: ["wss", "https", "ws", "http"])
    func `a port where nobody listens is refused in words`(scheme: String) async throws {
        let server = try await ScriptedServer.start(script: echo)
        await server.stopAndWait()
        try await withClient { client in
            let failure = try await client.failure(of: .to(server, scheme))
            #expect(failure.cause == .tcp)
            #expect(failure.detail == "connecting to 127.0.0.1:\(server.port): 127.0.0.1: Connection refused")
        }
    }

    @Test func `a name that nobody knows is a DNS failure`() async throws {
        try await withClient { client in
            let settings = DialSettings(endpoint: try Endpoint("wss://nosuch.invalid:4320/v1/opamp"))
            let failure = try await client.failure(of: settings.with { $0.connectTimeout = .seconds(30) })
            #expect(failure.cause == .dns)
            #expect(failure.detail.hasPrefix("resolving nosuch.invalid: "))
        }
    }

    enum Nonsense: CaseIterable {
        case badAccept, noAccept, otherProtocol, badStatus, insteadOfTLS

        var reply: ScriptedReply {
            let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            return switch self {
            case .badAccept: .raw(head + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n")
            case .noAccept: .raw(head + "\r\n")
            case .otherProtocol:
                .raw(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tea\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n")
            case .badStatus: .raw("HTTP/1.1 banana\r\n\r\n")
            case .insteadOfTLS: .silence
            }
        }
    }

    @Test(arguments: Nonsense.allCases)
    func `nonsense is a protocol failure`(nonsense: Nonsense) async throws {
        let authority = try TestAuthority()
        try await withServer(
            tls: try authority.tls(),
            arrival: { _ in nonsense == .insteadOfTLS ? .raw(Array("220 mail.example.com ESMTP\r\n".utf8)) : .serve },
            script: { _ in nonsense.reply }
        ) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate])
                .with { $0.handshakeTimeout = .seconds(2) }
            let failure = try await client.failure(of: settings)
            #expect(failure.cause == .protocol, "\(failure)")
        }
    }

    @Test(arguments: ["wss", "https", "ws", "http"])
    func `a connection closed at once never reached a server`(scheme: String) async throws {
        try await withServer(tls: nil, arrival: { _ in .close }, script: echo) { client, server in
            let failure = try await client.failure(of: .to(server, scheme))
            #expect(failure.cause == .tcp)
            #expect(!failure.closedBeforeAnswer)
        }
    }

    @Test(arguments: [
        ("X-Bad", "a\r\nInjected: yes"), ("X-Bad", "a\u{0}"), ("Bad Name", "x"), ("", "x"), ("Host", "example.com"),
        ("Sec-WebSocket-Key", "x"), ("Content-Length", "5"), ("X-Long", String(repeating: "x", count: 13_000)),
    ])
    func `a header that would break the request is refused before dialling`(name: String, value: String) async throws {
        try await withServer(tls: nil, script: echo) { client, server in
            for scheme in ["ws", "http"] {
                let settings = try DialSettings.to(server, scheme).with {
                    $0.headers = [HeaderField(name, Secret(value))]
                }
                let failure = try await client.failure(of: settings)
                #expect(failure.cause == .policy)
                #expect(!failure.detail.contains(value))
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test(arguments: ["ws", "http"])
    func `large headers arrive whole`(scheme: String) async throws {
        try await withServer(tls: nil, script: echo) { client, server in
            let value = String(repeating: "t", count: 11_000)
            let path = "/" + String(repeating: "p", count: 1_500)
            let settings = try DialSettings.to(server, scheme, path: path)
                .with { $0.headers = [HeaderField("Authorization", Secret(value))] }
            #expect(await client.succeeds(settings))
            #expect(server.requests.first?.header("authorization") == value)
            #expect(server.requests.first?.path == path)
        }
    }

    @Test func `a header never shows its value`() {
        let header = HeaderField("Authorization", Secret("Bearer canary"))
        var dumped = ""
        dump(header, to: &dumped)
        #expect(!"\(header) \(String(reflecting: header)) \(dumped)".contains("canary"))
    }
}
