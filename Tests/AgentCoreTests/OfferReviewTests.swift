import Certificates
import HandoverToken
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

@Suite struct OfferReviewTests {
    let all = Authorities.shared

    func review(_ change: (inout OfferReview) -> Void = { _ in }) throws -> OfferReview {
        var server = try all.configuration().server
        server.settings.headers = [HeaderField("Authorization", Secret("canary"))]
        var review = OfferReview(
            active: server, policy: OfferPolicy(), ownKey: all.agentKey.publicKey, epoch: 0, receivedAt: all.now)
        change(&review)
        return review
    }

    func settings(
        _ offer: OpAMPConnectionSettings, _ change: (inout OfferReview) -> Void = { _ in }
    ) throws -> ConnectionSettings {
        try review(change).resolve(offer).server.settings
    }

    func refusal(
        _ offer: OpAMPConnectionSettings, _ change: (inout OfferReview) -> Void = { _ in }
    ) throws -> OfferRefusal? {
        let review = try review(change)
        do throws(OfferRefusal) {
            _ = try review.resolve(offer)
            return nil
        } catch {
            return error
        }
    }

    @Test func `what is absent stays as it is`() throws {
        let active = try review().active.settings
        #expect(try settings(OpAMPConnectionSettings(heartbeatIntervalSeconds: 30)) == active)
        let sameOrigin = OpAMPConnectionSettings(
            destinationEndpoint: "wss://source.example:4320/other", heartbeatIntervalSeconds: 30)
        #expect(try settings(sameOrigin).headers == active.headers)
        let floor = OpAMPConnectionSettings(
            heartbeatIntervalSeconds: 30, tls: TLSConnectionSettings(minVersion: "1.3"))
        let raised = try settings(floor)
        #expect(raised.trust == active.trust, "Z5: never trust nobody by accident")
        #expect(raised.tls.minimum == .tls13)
    }

    @Test func `the same CAs in another order are no change`() throws {
        let anchors = [all.source, all.target].map(\.certificate)
        func trust(_ order: [Certificate]) -> ServerTrust { ServerTrust(anchors: CertificateBundle(order)) }
        let active = try review { $0.active.settings.trust = trust(anchors) }.active.settings
        func offered(_ order: [Certificate]) throws -> ConnectionSettings {
            let pem = CertificateBundle(order).pem
            return try settings(
                OpAMPConnectionSettings(heartbeatIntervalSeconds: 30, tls: TLSConnectionSettings(caPEMContents: pem))
            ) { $0.active.settings.trust = trust(anchors) }
        }
        #expect(try offered(anchors.reversed()) == active)
        #expect(try offered([anchors[0]]) != active)
        #expect(Set([trust(anchors), trust(anchors.reversed()), trust([anchors[0]])]).count == 2)
    }

    @Test func `headers are replaced as a set and never travel to another origin`() throws {
        let none = try settings(OpAMPConnectionSettings(headers: Headers(headers: [])))
        #expect(none.headers.isEmpty)
        let moved = try settings(OpAMPConnectionSettings(destinationEndpoint: all.target.endpoint.description)) {
            $0.policy.requiresToken = .never
        }
        #expect(moved.headers.isEmpty)
        let own = try settings(
            OpAMPConnectionSettings(
                headers: Headers(headers: [Header(key: "X-Tenant", value: "b")])))
        #expect(own.headers == [HeaderField("X-Tenant", Secret("b"))])
    }

    @Test func `an absent certificate keeps the leaf, or drops it where the policy is strict`() throws {
        #expect(try settings(OpAMPConnectionSettings()).leaf == all.leaf)
        #expect(try settings(OpAMPConnectionSettings()) { $0.policy.absentCertificate = .drop }.leaf == nil)
    }

    @Test func `H18 H19 what cannot be meant is refused without leaving the server`() throws {
        let stranger = try Authorities.leaf(
            from: all.source, over: PrivateKey.generateP256(), days: 9)
        let pem = Array(all.leaf.pem.utf8)
        let cases: [(OpAMPConnectionSettings, OfferRefusal, MoveCause)] = [
            (.init(destinationEndpoint: "wss://"), .badEndpoint(.badHost), .protocol),
            (.init(destinationEndpoint: "ws://source.example:4320/v1/opamp"), .leavesTLS, .policy),
            (.init(destinationEndpoint: "http://source.example"), .leavesTLS, .policy),
            (.init(tls: .init(insecureSkipVerify: true)), .skipsVerification, .policy),
            (.init(tls: .init(minVersion: "1.0")), .tlsTooOld("1.0"), .policy),
            (.init(tls: .init(minVersion: "TLSv1.1")), .tlsTooOld("TLSv1.1"), .policy),
            (.init(tls: .init(minVersion: "2.0")), .badTLSVersion("2.0"), .protocol),
            (.init(tls: .init(minVersion: "1.3", maxVersion: "1.2")), .badTLSVersion("1.2"), .protocol),
            (.init(tls: .init(cipherSuites: ["RC4"])), .unknownCipherSuite("RC4"), .protocol),
            (.init(tls: .init(caPEMContents: "junk")), .badCABundle, .protocol),
            (.init(certificate: .init(cert: [1, 2])), .badCertificate, .protocol),
            (.init(certificate: .init()), .badCertificate, .protocol),
            (.init(certificate: .init(cert: Array(stranger.pem.utf8))), .certificateOfAnotherKey, .protocol),
            (.init(certificate: .init(cert: pem, privateKey: [1])), .privateKeyOffered, .policy),
            (.init(headers: .init(headers: [.init(key: "Host", value: "x")])), .badHeader("Host"), .protocol),
            (.init(headers: .init(headers: [.init(key: "a b", value: "x")])), .badHeader("a b"), .protocol),
            (.init(headers: .init(headers: [.init(key: "a", value: "x\r\nb: c")])), .badHeader("a"), .protocol),
            (
                .init(headers: .init(headers: (0...64).map { .init(key: "h\($0)", value: "x") })), .tooManyHeaders,
                .protocol
            ),
            (.init(proxy: .init(url: "")), .badProxy, .protocol),
            (.init(proxy: .init(url: "socks5://p:1")), .badProxy, .protocol),
            (.init(proxy: .init(url: "http://user:canary@p:1")), .badProxy, .protocol),
            (.init(proxy: .init(url: "http://p:1/path")), .badProxy, .protocol),
            (.init(destinationEndpoint: all.target.endpoint.description), .tokenMissing, .token),
        ]
        for (offer, expected, cause) in cases {
            #expect(try refusal(offer) == expected)
            #expect(expected.moveCause == cause)
            #expect(!expected.operatorMessage.description.contains("canary"))
        }
    }

    @Test func `every refusal has a code, a cause and a next step of its own`() {
        let refusals: [OfferRefusal] = [
            .badEndpoint(.badHost), .endpointNotAllowed(all.target.endpoint), .leavesTLS, .skipsVerification,
            .tlsTooOld("1.0"), .badTLSVersion("x"), .unknownCipherSuite("x"), .badCABundle, .badCertificate,
            .certificateOfAnotherKey, .privateKeyOffered, .badPrivateKey, .leafChangeOnProbation, .leafChangeInHandover,
            .badHeader("x"), .tooManyHeaders, .badProxy, .tokenMissing, .rootsNotStated, .proxyWithoutToken,
            .standbyOff, .standbyBesideSettings, .standbyAtHome, .standbyWithoutToken,
            .noTokenSigners, .tokenWithoutLeaf, .tooManyAdoptions(limit: 3, minutes: 1),
            .tooManyAttempts(limit: 3, minutes: 1), .tooLarge(limit: 3),
            .otherServerWhileEnrolling, .stateNotWritable, .otherSettingsOnly,
            .rejectedByHost("x", isOpAMPPartApplied: true),
        ]
        let messages = refusals.map(\.operatorMessage)
        #expect(Set(messages.map(\.code)).count == refusals.count)
        #expect(Set(messages.map(\.cause)).count == refusals.count)
        #expect(messages.allSatisfy { $0.code.hasPrefix("offer.") && $0.nextAction.hasSuffix(".") })
    }

    @Test func `settings too large for the state file are refused`() throws {
        let value = String(repeating: "x", count: 7000)
        let large = OpAMPConnectionSettings(
            headers: Headers(headers: [Header(key: "a", value: value), Header(key: "b", value: value)]))
        #expect(try refusal(large) == nil)
        var proxied = large
        proxied.proxy = ProxyConnectionSettings(
            url: "p:1",
            connectHeaders: Headers(
                headers: (0..<20).map {
                    Header(key: "h\($0)", value: String(repeating: value, count: 10))
                }))
        #expect(try refusal(proxied) { $0.active.tokenSigners = nil } == .tooLarge(limit: AgentState.homeBytes))
    }

    @Test func `the settings of four servers with the largest CA bundles fit the state file`() {
        // A line end is two characters in JSON, and a line of PEM has 64 beside it.
        #expect(AgentState.homeBytes > Limits.pemBytes * 66 / 64 + Limits.headerSectionBytes)
        #expect(AgentState.homeBytes * 4 + (1 << 20) < Limits.stateBytes)
    }

    @Test func `H20 a proxy is a URL or host and port, with headers of its own`() throws {
        for url in ["http://proxy.example:3128", "https://proxy.example:3128/", "proxy.example:3128"] {
            let proxy = try settings(
                OpAMPConnectionSettings(
                    proxy: ProxyConnectionSettings(
                        url: url,
                        connectHeaders: Headers(headers: [Header(key: "Proxy-Authorization", value: "canary")])))
            ) { $0.active.tokenSigners = nil }.proxy
            #expect(proxy?.host == "proxy.example" && proxy?.port == 3128)
            #expect(proxy?.isTLS == url.hasPrefix("https"))
            #expect(proxy?.connectHeaders.map(\.name) == ["Proxy-Authorization"])
        }
    }

    @Test func `the operator's policy opens what it names and nothing else`() throws {
        let skip = OpAMPConnectionSettings(tls: TLSConnectionSettings(insecureSkipVerify: true))
        #expect(try settings(skip) { $0.policy.allowsSkippingVerification = true }.skipsVerification)
        let plain = OpAMPConnectionSettings(destinationEndpoint: "ws://source.example:4320/")
        #expect(try !settings(plain) { $0.policy.allowsLeavingTLS = true }.endpoint.isTLS)
        let floor = OpAMPConnectionSettings(tls: TLSConnectionSettings(minVersion: "1.2"))
        #expect(try refusal(floor) { $0.policy.minimumTLS = .tls13 } == .tlsTooOld("1.2"))
    }

    @Test func `A6 no offer lowers the TLS version by leaving it out`() throws {
        let ownCA = OpAMPConnectionSettings(tls: TLSConnectionSettings(caPEMContents: all.target.certificate.pem))
        let stated = [all.target.certificate]
        let kept = try settings(ownCA) { ($0.active.settings.tls.minimum, $0.statedCAs) = (.tls13, stated) }
        #expect(kept.tls.minimum == .tls13)
        for offer in [ownCA, OpAMPConnectionSettings(), try all.handover().opamp ?? ownCA] {
            let raised = try settings(offer) { ($0.policy.minimumTLS, $0.statedCAs) = (.tls13, stated) }
            #expect(raised.tls.minimum == .tls13)
        }
        let ceiling = OpAMPConnectionSettings(tls: TLSConnectionSettings(maxVersion: "1.2"))
        #expect(try refusal(ceiling) { $0.policy.minimumTLS = .tls13 } == .tlsTooOld("1.2"))
        #expect(try refusal(ceiling) { $0.active.settings.tls.minimum = .tls13 } == .badTLSVersion("1.2"))
    }

    @Test(arguments: [
        ("target.example", true), ("target.example:4320", true), ("*.example", true), ("*.example:4320", true),
        ("target.example:1", false), ("*.target.example", false), ("other.example", false), ("example", false),
    ])
    func `an endpoint has to be among the allowed ones`(pattern: String, isAllowed: Bool) throws {
        let allowed = try #require(EndpointPattern(pattern))
        let offer = try all.handover().opamp ?? OpAMPConnectionSettings()
        let found = try refusal(offer) { $0.policy.allowedEndpoints = [allowed] }
        #expect(found == (isAllowed ? nil : .endpointNotAllowed(all.target.endpoint)))
    }

    @Test(arguments: ["", "*", "a/b", "wss://a", "a:0", "a b", "*.a:99999"])
    func `what is not a pattern is none`(text: String) {
        #expect(EndpointPattern(text) == nil)
    }

    @Test func `A8 a token has to hold for this agent, this offer and this time`() throws {
        let good = try all.handover().opamp ?? OpAMPConnectionSettings()
        let resolution = try review().resolve(good)
        #expect(resolution.handover?.epoch == 1)
        #expect(resolution.server.tokenSigners == (try all.target.tokenSigners))
        #expect(resolution.server.settings.headers.isEmpty)

        func isTokenRefusal(
            _ offer: OpAMPConnectionSettings, _ change: (inout OfferReview) -> Void = { _ in }
        ) throws -> Bool {
            guard case .token = try refusal(offer, change) else { return false }
            return true
        }
        #expect(try isTokenRefusal(good) { $0.epoch = 1 }, "stale epoch")
        #expect(try isTokenRefusal(good) { $0.receivedAt = all.now + .seconds(7200) }, "expired")
        #expect(try isTokenRefusal(all.handover(from: all.third).opamp ?? good), "unknown signer")
        var elsewhere = good
        elsewhere.destinationEndpoint = all.third.endpoint.description
        #expect(try isTokenRefusal(elsewhere), "another endpoint")
        var otherCA = good
        otherCA.tls = TLSConnectionSettings(caPEMContents: all.third.certificate.pem)
        #expect(try isTokenRefusal(otherCA), "another CA")
        var system = good
        system.tls?.includeSystemCACertsPool = true
        #expect(try isTokenRefusal(system), "a trust set mixed with another")
        var twice = good
        twice.headers = Headers(headers: (good.headers?.headers ?? []) + (good.headers?.headers ?? []))
        #expect(try refusal(twice) == .badHeader("Handover-Token"))
    }

    @Test func `A3 a handover neither changes the leaf nor drops it`() throws {
        let good = try all.handover().opamp ?? OpAMPConnectionSettings()
        var other = good
        let renewed = try Authorities.leaf(from: all.source, over: all.agentKey, days: 9)
        other.certificate = TLSCertificate(cert: Array(renewed.pem.utf8))
        #expect(try refusal(other) == .leafChangeInHandover)
        #expect(try refusal(other) { $0.active.tokenSigners = nil } == .leafChangeInHandover, "though unchecked")
        var none = good
        none.certificate = nil
        #expect(try settings(none).leaf == all.leaf)
        #expect(try refusal(none) { $0.policy.absentCertificate = .drop } == .leafChangeInHandover)
        #expect(try settings(good) { $0.policy.absentCertificate = .drop }.leaf == all.leaf)
    }

    @Test func `H16 new CAs for the same endpoint are another server where signers are held, unless stated`() throws {
        let roots = [all.source, all.target].map(\.certificate)
        let offer = OpAMPConnectionSettings(tls: TLSConnectionSettings(caPEMContents: CertificateBundle(roots).pem))
        #expect(try refusal(offer) { $0.active.tokenSigners = nil } == nil)
        #expect(try refusal(offer) == .rootsNotStated)
        #expect(try refusal(offer) { $0.statedCAs = [all.third.certificate] } == .rootsNotStated)
        #expect(try settings(offer) { $0.statedCAs = roots }.trust == ServerTrust(anchors: CertificateBundle(roots)))
        #expect(try refusal(offer) { $0.policy.requiresToken = .never } == nil)
        // Fewer CAs let nobody in who was not let in before.
        let narrower = OpAMPConnectionSettings(tls: TLSConnectionSettings(caPEMContents: all.source.certificate.pem))
        #expect(try refusal(narrower) { $0.active.settings.trust.anchors = CertificateBundle(roots) } == nil)
        let everybody = OpAMPConnectionSettings(tls: TLSConnectionSettings(includeSystemCACertsPool: true))
        #expect(try refusal(everybody) { $0.statedCAs = roots } == .rootsNotStated)
    }

    @Test func `a proxy for the same endpoint is another server where signers are held, and an endpoint of the list`()
        throws
    {
        let offer = OpAMPConnectionSettings(proxy: ProxyConnectionSettings(url: "proxy.example:3128"))
        #expect(try refusal(offer) == .proxyWithoutToken)
        #expect(
            try refusal(offer) { $0.active.settings.proxy = ProxySettings(host: "proxy.example", port: 3128) } == nil)
        for (pattern, isAllowed) in [("proxy.example", true), ("proxy.example:3128", true), ("p.example", false)] {
            let refused = try refusal(offer) {
                $0.active.tokenSigners = nil
                $0.policy.allowedEndpoints = EndpointPattern(pattern).map { [$0] }
            }
            #expect((refused == nil) == isAllowed)
        }
    }

    @Test(arguments: [
        (OfferPolicy.TokenRule.auto, true, OfferRefusal?.some(.tokenMissing)), (.auto, false, nil),
        (.always, true, .tokenMissing), (.always, false, .tokenMissing), (.never, true, nil), (.never, false, nil),
    ])
    func `a change of origin needs a token as the rule says`(
        rule: OfferPolicy.TokenRule, holdsSigners: Bool, expected: OfferRefusal?
    ) throws {
        let change: (inout OfferReview) -> Void = {
            $0.policy.requiresToken = rule
            if !holdsSigners { $0.active.tokenSigners = nil }
        }
        let bare = OpAMPConnectionSettings(destinationEndpoint: all.target.endpoint.description)
        #expect(try refusal(bare, change) == expected)
        #expect(try refusal(OpAMPConnectionSettings(), change) == nil, "the same origin never does")
    }

    @Test func `a token nobody can check is set aside, or refused where one is always needed`() throws {
        let offer = try all.handover().opamp ?? OpAMPConnectionSettings()
        var open = try review()
        open.active.tokenSigners = nil
        let resolution = try open.resolve(offer)
        #expect(resolution.isTokenUnchecked && resolution.handover == nil && resolution.server.tokenSigners == nil)
        #expect(
            try refusal(offer) {
                $0.active.tokenSigners = nil
                $0.policy.requiresToken = .always
            } == .noTokenSigners)
    }
}
