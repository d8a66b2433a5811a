import Certificates
import ClientTransport
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

/// Whether the server is the one that was meant, for both transports.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TrustTests {
    enum Server: CaseIterable {
        case wrongCA, selfSigned, wrongName, wrongAddress, expired, notYetValid, onlyACommonName, clientCertificate

        var cause: MoveCause {
            switch self {
            case .wrongCA, .selfSigned, .clientCertificate: .tlsUntrusted
            case .wrongName, .wrongAddress, .onlyACommonName: .tlsName
            case .expired, .notYetValid: .tlsExpired
            }
        }

        var host: String { self == .wrongName || self == .onlyACommonName ? "localhost" : "127.0.0.1" }

        /// The server's TLS, and whom the client trusts.
        func setUp(_ authority: TestAuthority) throws -> (ScriptedServer.TLS, Certificate) {
            func own(_ tls: ScriptedServer.TLS) -> (ScriptedServer.TLS, Certificate) { (tls, authority.certificate) }
            switch self {
            case .wrongCA: return own(try TestAuthority("Other").tls())
            case .selfSigned: return own(try TestAuthority("localhost").identity.tls())
            case .wrongName: return own(try authority.tls(["example.com", "127.0.0.1"]))
            case .wrongAddress: return own(try authority.tls(["localhost", "127.0.0.2"]))
            case .expired: return own(try authority.tls(validity: .expired))
            case .notYetValid: return own(try authority.tls(validity: .notYetValid))
            case .onlyACommonName:
                // Trusted, and its only name is the common name.
                let named = try TestAuthority("localhost")
                return (named.identity.tls(), named.certificate)
            case .clientCertificate: return own(try authority.agent().tls())
            }
        }
    }

    @Test(arguments: Server.allCases, ["wss", "https"])
    func `a server that is not the one meant is refused by name`(server: Server, scheme: String) async throws {
        let (tls, anchor) = try server.setUp(try TestAuthority())
        try await withServer(tls: tls, script: echo) { client, listener in
            let settings = try DialSettings.to(listener, scheme, host: server.host, trusting: [anchor])
            let failure = try await client.failure(of: settings)
            // A client's certificate fails by its purpose or by its lack of a name, whichever is looked at first.
            let causes = server == .clientCertificate ? [server.cause, .tlsName] : [server.cause]
            #expect(causes.contains(failure.cause), "\(failure)")
            #expect(failure.presentedChain == tls.certificates)
            #expect(!failure.closedBeforeAnswer)
            #expect(listener.requests.isEmpty)
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1"], ["wss", "https"])
    func `the right server is accepted under its name and its address`(host: String, scheme: String) async throws {
        let authority = try TestAuthority()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let settings = try DialSettings.to(server, scheme, host: host, trusting: [authority.certificate])
            #expect(await client.succeeds(settings))
            // An address is no server name (RFC 6066 section 3).
            #expect(server.serverNames == [host == "localhost" ? "localhost" : nil])
        }
    }

    @Test(arguments: ["wss", "https"])
    func `a server is verified without a certificate and without a request`(scheme: String) async throws {
        let authority = try TestAuthority()
        let required = ScriptedServer.TLS.ClientCertificate.required(anchors: [authority.certificate.der])
        for isOld in [true, false] {
            for certificate in [ScriptedServer.TLS.ClientCertificate.asked, required] {
                let tls = try authority.tls(clientCertificate: certificate, maximumVersionIs1_2: isOld)
                try await withServer(tls: tls, script: echo) { client, server in
                    let settings = try DialSettings.to(server, scheme, trusting: [authority.certificate])
                    #expect(await client.verify(settings) == nil)
                    #expect(await client.verify(settings.with { $0.anchors = [] })?.cause == .tlsUntrusted)
                    #expect(server.requests.isEmpty && server.connectionCount == 2)
                }
            }
        }
    }

    @Test(arguments: Server.allCases)
    func `a server that is verified and is not the one meant is named`(server: Server) async throws {
        let (tls, anchor) = try server.setUp(try TestAuthority())
        try await withServer(tls: tls, script: echo) { client, listener in
            let settings = try DialSettings.to(listener, "wss", host: server.host, trusting: [anchor])
            let failure = try #require(await client.verify(settings))
            #expect((server == .clientCertificate ? [server.cause, .tlsName] : [server.cause]).contains(failure.cause))
        }
    }

    @Test func `what is no server is said when it is verified`() async throws {
        let authority = try TestAuthority()
        try await withServer(tls: nil, script: echo) { client, server in
            let plain = try DialSettings.to(server, "wss", trusting: [authority.certificate])
            #expect(await client.verify(plain) != nil, "it speaks no TLS")
            #expect(try await client.verify(.to(server, "ws")) == nil)
            server.stop()
            #expect(await client.verify(plain)?.cause == .tcp)
        }
        try await withServer(tls: try authority.tls(), arrival: { _ in .silent }, script: echo) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate])
                .with { $0.handshakeTimeout = .milliseconds(200) }
            #expect(await client.verify(settings)?.cause == .timeout)
        }
    }

    @Test(.enabled(if: hasIPv6Loopback()), arguments: ["wss", "https"])
    func `an IPv6 address is verified whole`(scheme: String) async throws {
        let authority = try TestAuthority()
        for (name, isRight) in [("::1", true), ("::2", false)] {
            let server = try await ScriptedServer.start(tls: try authority.tls([name]), host: "::1", script: echo)
            defer { server.stop() }
            try await withClient { client in
                let settings = try DialSettings.to(server, scheme, host: "[::1]", trusting: [authority.certificate])
                #expect(await client.succeeds(settings) == isRight)
                #expect(server.serverNames == [nil])
            }
        }
    }

    @Test func `nobody is trusted when no anchor is given`() async throws {
        try await withServer(tls: try TestAuthority().tls(), script: echo) { client, server in
            let failure = try await client.failure(of: .to(server))
            #expect(failure.cause == .tlsUntrusted)
        }
    }

    @Test func `the system's roots do not vouch for a private authority`() async throws {
        try await withServer(tls: try TestAuthority().tls(), script: echo) { client, server in
            let settings = try DialSettings.to(server).with { $0.includeSystemRoots = true }
            #expect(try await client.failure(of: settings).cause == .tlsUntrusted)
        }
    }

    @Test func `verification is skipped only when asked`() async throws {
        let tls = try TestAuthority().tls(["example.com"], validity: .expired)
        try await withServer(tls: tls, script: echo) { client, server in
            let settings = try DialSettings.to(server)
            #expect(await client.succeeds(settings.with { $0.skipVerify = true }))
            #expect(!(await client.succeeds(settings)))
        }
    }

    @Test(arguments: ["wss", "https"], [true, false])
    func `the server sees the leaf that was given`(scheme: String, isOld: Bool) async throws {
        let authority = try TestAuthority()
        let agent = try authority.agent()
        let tls = try authority.tls(
            clientCertificate: .required(anchors: [authority.certificate.der]), maximumVersionIs1_2: isOld)
        try await withServer(tls: tls, script: echo) { client, server in
            let settings = try DialSettings.to(server, scheme, trusting: [authority.certificate], as: agent)
            #expect(await client.succeeds(settings))
            #expect(server.requests.first?.peerLeaf == agent.certificate.der)
        }
    }

    @Test(arguments: ["wss", "https"], [true, false])
    func `a refused leaf is told from everything else`(scheme: String, isOld: Bool) async throws {
        let authority = try TestAuthority()
        let stranger = try TestAuthority("Stranger").agent()
        let tls = try authority.tls(
            clientCertificate: .required(anchors: [authority.certificate.der]), maximumVersionIs1_2: isOld)
        try await withServer(tls: tls, script: echo) { client, server in
            for holder in [stranger, nil] {
                let settings = try DialSettings.to(server, scheme, trusting: [authority.certificate], as: holder)
                let failure = try await client.failure(of: settings)
                #expect(failure.cause == .tlsLeafRefused, "\(failure)")
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test(arguments: ["wss", "https"])
    func `TLS up and closed without an answer is a hint at a refused leaf`(scheme: String) async throws {
        let authority = try TestAuthority()
        try await withServer(tls: try authority.tls(), script: { _ in .close }) { client, server in
            let failure = try await client.failure(of: .to(server, scheme, trusting: [authority.certificate]))
            #expect(failure.cause == .tlsLeafRefused)
            #expect(failure.closedBeforeAnswer)
        }
    }

    @Test func `a version below the minimum is a protocol failure`() async throws {
        let authority = try TestAuthority()
        try await withServer(tls: try authority.tls(maximumVersionIs1_2: true), script: echo) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate])
            #expect(try await client.failure(of: settings.with { $0.minimumTLS = .tls13 }).cause == .protocol)
            #expect(await client.succeeds(settings))
        }
    }

    @Test func `two settings live side by side and keep their trust apart`() async throws {
        let (first, second) = (try TestAuthority("First"), try TestAuthority("Second"))
        let (one, two) = (try first.agent(), try second.agent())
        try await withServer(tls: try first.tls(), script: echo) { client, firstServer in
            let secondServer = try await ScriptedServer.start(tls: try second.tls(), script: echo)
            defer { secondServer.stop() }
            let a = await client.open(try .to(firstServer, trusting: [first.certificate], as: one))
            let b = await client.open(try .to(secondServer, trusting: [second.certificate], as: two))
            for (socket, byte) in [(a, UInt8(1)), (b, 2), (a, 3)] {
                if byte < 3 { #expect(await socket.isOpened()) }
                try await socket.send([byte])
                #expect(await socket.nextMessage() == [byte])
            }
            #expect(firstServer.requests.first?.peerLeaf == one.certificate.der)
            #expect(secondServer.requests.first?.peerLeaf == two.certificate.der)
            // The other's authority is not trusted, though a connection that trusts it is open.
            let crossed = try DialSettings.to(secondServer, trusting: [first.certificate], as: one)
            #expect(try await client.failure(of: crossed).cause == .tlsUntrusted)
            await a.close()
            await b.close()
        }
    }

    enum BadSetting: CaseIterable {
        case keyOfAnother, chainEmpty, unknownCiphers, versionsCrossed

        func apply(to settings: inout DialSettings, _ authority: TestAuthority) throws {
            let (agent, other) = (try authority.agent(), try authority.agent())
            switch self {
            case .keyOfAnother: settings.identity = ClientIdentity(chain: [agent.certificate], key: other.key)
            case .chainEmpty: settings.identity = ClientIdentity(chain: [], key: agent.key)
            case .unknownCiphers: settings.cipherSuites = ["TLS_NO_SUCH_SUITE"]
            case .versionsCrossed: (settings.minimumTLS, settings.maximumTLS) = (.tls13, .tls12)
            }
        }
    }

    @Test(arguments: BadSetting.allCases)
    func `settings that cannot work fail before anything is dialled`(setting: BadSetting) async throws {
        let authority = try TestAuthority()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            var settings = try DialSettings.to(server, trusting: [authority.certificate])
            try setting.apply(to: &settings, authority)
            #expect(try await client.failure(of: settings).cause == .policy)
            #expect(server.connectionCount == 0)
        }
    }

    @Test func `cipher suites are taken by their IANA names`() async throws {
        let authority = try TestAuthority()
        try await withServer(tls: try authority.tls(), script: echo) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate])
            for suites in [["TLS_AES_128_GCM_SHA256"], ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]] {
                #expect(await client.succeeds(settings.with { $0.cipherSuites = suites }))
            }
        }
    }

    /// OpenSSL has a list for TLS 1.3 and another one for what was before; the one that nobody named is not a free choice.
    @Test func `C56 suites of one TLS version allow no other version`() async throws {
        let authority = try TestAuthority()
        try await withServer(tls: try authority.tls(maximumVersionIs1_2: true), script: echo) { client, server in
            let settings = try DialSettings.to(server, trusting: [authority.certificate])
            let modern = settings.with { $0.cipherSuites = ["TLS_AES_256_GCM_SHA384"] }
            #expect(try await client.failure(of: modern).cause == .protocol)
            #expect(await client.succeeds(settings))
            let older = settings.with {
                $0.cipherSuites = ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
                $0.minimumTLS = .tls13
            }
            #expect(try await client.failure(of: older).cause == .policy)
        }
    }
}
