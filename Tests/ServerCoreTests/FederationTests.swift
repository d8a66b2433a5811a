import Certificates
import HandoverToken
import ServerCore
import Testing
import Vocabulary

@Suite struct PeerAuthenticationTests {
    let world = PeerWorld.shared

    private func caller(
        _ presented: Certificate?, _ bearer: String?, after time: Duration = .zero,
        changing change: (inout PeerRecord) -> Void = { _ in }
    ) throws -> PeerRecord {
        var peer = try world.peer(world.us, name: "us")
        change(&peer)
        var attempts = SecretAttempts()
        return try PeerAuthentication.caller(
            presented: presented, bearer: bearer, peers: [try world.peer(world.stranger, name: "other"), peer],
            attempts: &attempts, at: world.now + time
        ).peer
    }

    @Test func `a peer with both factors is accepted`() throws {
        #expect(try caller(world.us.federation, world.inboundText).name == "us")
    }

    @Test func `the certificate is decided before the secret`() throws {
        let fingerprint = world.eu.federation.fingerprint
        #expect(throws: FederationRefusal.certificateNotAccepted(nil, .absent)) { try caller(nil, world.inboundText) }
        #expect(throws: FederationRefusal.certificateNotAccepted(fingerprint, .notPinned)) {
            try caller(world.eu.federation, "wrong")
        }
        let own = world.us.federation.fingerprint
        #expect(throws: FederationRefusal.certificateNotAccepted(own, .peerDisabled("us"))) {
            try caller(world.us.federation, world.inboundText) { $0.enabled = false }
        }
        #expect(throws: FederationRefusal.certificateNotAccepted(own, .notInForce("us"))) {
            try caller(world.us.federation, world.inboundText, after: .seconds(91 * 86_400))
        }
    }

    @Test func `a certificate is out of force in the second that it names`() throws {
        let end = world.us.federation.notAfter - world.now
        #expect(try caller(world.us.federation, world.inboundText, after: end - .seconds(1)).name == "us")
        #expect(throws: FederationRefusal.certificateNotAccepted(world.us.federation.fingerprint, .notInForce("us"))) {
            try caller(world.us.federation, world.inboundText, after: end)
        }
    }

    @Test(arguments: [nil, "", "wrong", "opamp-fs.AAAA", "opamp-fs.BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwg"])
    func `a wrong secret is refused after the certificate`(bearer: String?) throws {
        #expect(throws: FederationRefusal.secretNotAccepted("us")) { try caller(world.us.federation, bearer) }
    }

    @Test func `none of thousands of wrong secrets is let in`() throws {
        for _ in 0..<8 {
            var peer = try world.peer(world.us, name: "us")
            let digest = { Digest.sha256(RandomBytes.generate(16)) }
            peer.inbound = InboundSecret(
                digest: digest(), previousDigest: digest(), previousUntil: world.now + .seconds(60))
            for _ in 0..<1000 {
                let wrong = Credential.federationSecret.text(random: RandomBytes.generate(32)).revealText()
                var attempts = SecretAttempts()
                #expect(throws: FederationRefusal.secretNotAccepted("us")) {
                    try PeerAuthentication.caller(
                        presented: world.us.federation, bearer: wrong, peers: [peer], attempts: &attempts,
                        at: world.now)
                }
            }
        }
    }

    @Test func `wrong secrets in a row make the caller wait, longer each time, and never for good`() throws {
        let peer = try world.peer(world.us, name: "us")
        var attempts = SecretAttempts()
        var now = world.now
        let call = { (bearer: String) -> FederationRefusal? in
            do throws(FederationRefusal) {
                _ = try PeerAuthentication.caller(
                    presented: world.us.federation, bearer: bearer, peers: [peer], attempts: &attempts, at: now)
                return nil
            } catch { return error }
        }
        for _ in 0..<4 { #expect(call("wrong") == .secretNotAccepted("us")) }
        #expect(call(world.inboundText) == nil, "a few wrong pastes cost nothing")
        for _ in 0..<5 { #expect(call("wrong") == .secretNotAccepted("us")) }
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            #expect(call(world.inboundText) == .tooManyWrongSecrets("us", pause: .seconds(pause)))
            now = now + .seconds(pause)
            #expect(call("wrong") == .secretNotAccepted("us"), "after \(pause) s the secret is looked at again")
        }
        now = now + .seconds(30)
        #expect(call(world.inboundText) == nil)
        #expect(call("wrong") == .secretNotAccepted("us"), "the right secret ends the count")
    }

    @Test func `the previous factors hold until the new ones are used, and a day longer`() throws {
        let digest = try #require(Credential.federationSecret.digest(of: world.inboundText))
        let (old, new) = (world.us.federation, world.us.listener)
        let rotated = { (peer: inout PeerRecord) in
            peer.pin.rotate(to: new)
            peer.inbound?.rotate(to: [1, 2, 3])
        }
        let used = { (peer: inout PeerRecord) in
            rotated(&peer)
            _ = peer.begin(.certificate(new.fingerprint), at: PeerWorld.shared.now)
            _ = peer.begin(.secret([1, 2, 3]), at: PeerWorld.shared.now)
        }
        #expect(try caller(old, world.inboundText, changing: rotated).name == "us")
        #expect(try caller(old, world.inboundText, after: peerOverlap, changing: rotated).name == "us")
        #expect(try caller(old, world.inboundText, after: peerOverlap - .seconds(1), changing: used).name == "us")
        #expect(throws: FederationRefusal.secretNotAccepted("us")) {
            try caller(new, world.inboundText, after: peerOverlap, changing: used)
        }
        #expect(throws: FederationRefusal.certificateNotAccepted(old.fingerprint, .notPinned)) {
            try caller(old, world.inboundText, after: peerOverlap, changing: used)
        }

        var peer = try world.peer(world.us, name: "us")
        #expect(peer.firstUses(of: old, digest).isEmpty, "they are the only ones")
        rotated(&peer)
        #expect(peer.firstUses(of: old, digest).isEmpty)
        #expect(peer.firstUses(of: new, [1, 2, 3]) == [.certificate(new.fingerprint), .secret([1, 2, 3])])
        #expect(peer.pruned(at: world.now + peerOverlap + peerOverlap) == peer, "no day has begun")
        let begins = [Duration.zero, .seconds(60)].map { peer.begin(.certificate(new.fingerprint), at: world.now + $0) }
        #expect(begins == [true, false], "it begins once")
        #expect(peer.pin.previousUntil == world.now + peerOverlap)
        #expect(peer.pruned(at: world.now + peerOverlap).pin == PeerPin(new))
        #expect(peer.pruned(at: world.now + peerOverlap).inbound?.previousDigest == digest)
    }

    @Test func `a rotation that nobody used gives way to the next, and the one in use stays`() throws {
        var secret = InboundSecret(digest: [1])
        secret.rotate(to: [2])
        secret.rotate(to: [3])
        #expect(secret == InboundSecret(digest: [3], previousDigest: [1]))
        secret.rotate(to: [1])
        #expect(secret == InboundSecret(digest: [1]))
    }

    @Test func `only the audit trail learns why a certificate was not accepted`() {
        let fingerprint = world.leaf.fingerprint
        let absent = FederationRefusal.certificateNotAccepted(fingerprint, .notPinned)
        let disabled = FederationRefusal.certificateNotAccepted(fingerprint, .peerDisabled("us"))
        #expect(absent.operatorMessage == disabled.operatorMessage)
        #expect(absent.auditReason != disabled.auditReason)
        #expect(absent.operatorMessage.cause.contains(fingerprint.description))
    }
}

@Suite struct PeerPasteTests {
    let world = PeerWorld.shared

    @Test func `a certificate followed by its CA pins the peer and seeds the three trust sets`() throws {
        let paste = try PeerPaste(pem: world.us.federation.pem + world.us.authority.pem, at: world.now)
        #expect(paste.id == world.us.id && paste.certificate == world.us.federation)
        #expect(paste.trust.serverCAs.certificates == [world.us.authority])
        #expect(paste.trust.agentCAs.certificates == [world.us.authority])
        #expect(paste.trust.tokenSigners.certificates == [world.us.authority])
    }

    @Test func `other CAs behind it may vouch for the listener, and for nothing else`() throws {
        let (own, corporate) = (world.us.authority, [world.stranger.authority, world.eu.authority])
        let pem = ([world.us.federation, own] + corporate).map(\.pem).joined()
        let paste = try PeerPaste(pem: pem, at: world.now)
        #expect(paste.authorities == [own] && paste.listenerAuthorities == corporate)
        #expect(paste.trust.serverCAs.certificates == [own] + corporate)
        #expect(paste.trust.agentCAs.certificates == [own] && paste.trust.tokenSigners.certificates == [own])
        let renewed = try paste.renewing(try world.peer(world.us, name: "us"))
        #expect(Set(renewed.trust.serverCAs.certificates) == Set([own] + corporate))
        #expect(renewed.trust.agentCAs.certificates == [own] && renewed.trust.tokenSigners.certificates == [own])
    }

    @Test func `every other paste is refused by name`() {
        let (us, eu) = (world.us, world.eu)
        let table: [(String, String)] = [
            ("", "paste-unreadable"),
            (us.federation.pem.replacing("BEGIN", with: "BEGUN"), "paste-unreadable"),
            (us.authority.pem + us.federation.pem, "pem-without-certificate"),
            (us.federation.pem, "pem-without-ca"),
            (us.federation.pem + eu.federation.pem + us.authority.pem, "pem-with-two-certificates"),
            (us.federation.pem + eu.authority.pem, "pem-not-verified"),
            (world.leaf.pem + eu.authority.pem, "pem-without-peer-id"),
            (us.listener.pem + us.authority.pem, "pem-not-verified"),
        ]
        for (text, reason) in table {
            let refusal = #expect(throws: FederationRefusal.self) { try PeerPaste(pem: text, at: world.now) }
            #expect(refusal?.operatorMessage.code == "federation.\(reason)")
        }
    }

    @Test func `a peer is registered once, under a valid name, and is not this server`() throws {
        let paste = try PeerPaste(pem: world.us.federation.pem + world.us.authority.pem, at: world.now)
        let endpoint = try Endpoint("https://us.example")
        let other = try world.peer(world.stranger, name: "taken")
        let known = try world.peer(world.us, name: "us")
        let peer = try paste.newPeer(named: "us", endpoint: endpoint, own: world.eu.id, existing: [other])
        #expect(peer.id == world.us.id)
        #expect(throws: FederationRefusal.peerIsThisServer) {
            try paste.newPeer(named: "us", endpoint: endpoint, own: world.us.id, existing: [])
        }
        #expect(throws: FederationRefusal.peerKnown(world.us.id, as: "us")) {
            try paste.newPeer(named: "again", endpoint: endpoint, own: world.eu.id, existing: [known])
        }
        #expect(throws: FederationRefusal.nameTaken("taken")) {
            try paste.newPeer(named: "taken", endpoint: endpoint, own: world.eu.id, existing: [other])
        }
        #expect(throws: FederationRefusal.nameNotValid("a/b")) {
            try paste.newPeer(named: "a/b", endpoint: endpoint, own: world.eu.id, existing: [])
        }
        #expect(throws: FederationRefusal.self) {
            try paste.newPeer(named: "us", endpoint: Endpoint("wss://us.example"), own: world.eu.id, existing: [])
        }
        #expect(throws: FederationRefusal.otherPeer(world.us.id, expected: world.stranger.id)) {
            try paste.renewing(other)
        }
    }
}

@Suite struct PeerTests {
    let world = PeerWorld.shared

    @Test(arguments: [(2, false), (3, false), (4, true)])
    func `a trust statement counts only when its version is higher`(version: Int64, counts: Bool) throws {
        let peer = try world.peer(world.us, name: "us")
        let statement = TrustStatement(
            issuer: world.us.id, version: version, serverCAs: try TrustSet([world.stranger.authority]),
            agentCAs: peer.trust.agentCAs, tokenSigners: peer.trust.tokenSigners,
            opampEndpoint: try Endpoint("wss://new.example/v1/opamp"), issuedAt: world.now)
        let refreshed = try peer.refreshed(by: statement)
        #expect((refreshed != nil) == counts)
        #expect(refreshed?.trust.serverCAs.certificates ?? [world.stranger.authority] == [world.stranger.authority])
    }

    @Test func `a trust statement of another peer is refused`() throws {
        let peer = try world.peer(world.us, name: "us")
        let statement = TrustStatement(
            issuer: world.eu.id, version: 9, serverCAs: peer.trust.serverCAs, agentCAs: peer.trust.agentCAs,
            tokenSigners: peer.trust.tokenSigners, opampEndpoint: try Endpoint("wss://x/v1/opamp"),
            issuedAt: world.now)
        #expect(throws: FederationRefusal.otherPeer(world.eu.id, expected: world.us.id)) {
            try peer.refreshed(by: statement)
        }
    }

    @Test(arguments: [true, false]) func `a peer's signature names it, disabled or not`(enabled: Bool) throws {
        var peer = try world.peer(world.us, name: "us")
        peer.enabled = enabled
        #expect(peer.knownSigners == [.init(certificate: world.us.authority, owner: world.us.id)])
    }

    @Test func `a ping says how long it took or which factor failed`() {
        let leaf = world.leaf.fingerprint
        let table: [(PingOutcome, String, String, String?)] = [
            (.answered(milliseconds: 47), "200 OK · 47 ms", "ok", nil),
            (
                .certificateNotAccepted(presented: leaf),
                "mTLS: the peer does not pin the certificate we presented (sha256 \(leaf))", "forbidden",
                "federation.ping-certificate-not-accepted"
            ),
            (
                .secretNotAccepted, "401: the shared secret did not match", "unauthorized",
                "federation.ping-secret-not-accepted"
            ),
            (
                .tooManyWrongSecrets,
                "429: the peer received several wrong secrets and waits before it accepts another", "unauthorized",
                "federation.ping-too-many-wrong-secrets"
            ),
            (
                .serverError(status: 503), "503: the peer could not decide; its audit log tells which check failed",
                "server_error", "federation.ping-server-error"
            ),
            (
                .notAPeer(status: 404), "404: the answer does not come from a peer server", "protocol_error",
                "federation.ping-not-a-peer"
            ),
            (
                .otherPeer(world.us.id), "the answer came from another peer (\(world.us.id))", "protocol_error",
                "federation.ping-other-peer"
            ),
            (.tls([], detail: "handshake failure"), "TLS: handshake failure", "tls_error", "federation.ping-tls"),
            (
                .tls([.wrongName(host: "us", names: ["eu"])], detail: "x"),
                "TLS: The host is us; the certificate names eu.", "tls_error", "federation.ping-tls"
            ),
            (
                .unreachable(detail: "connection refused"), "unreachable: connection refused", "unreachable",
                "federation.ping-unreachable"
            ),
            (.timedOut(milliseconds: 5000), "no answer within 5000 ms", "timeout", "federation.ping-timeout"),
        ]
        for (outcome, text, label, code) in table {
            #expect(outcome.text == text)
            #expect(outcome.metricLabel == label)
            #expect(outcome.failure?.code == code)
            #expect(outcome.isOK == (code == nil))
        }
    }

    @Test func `an agent of a peer is named after it and never changed from here`() throws {
        let text = "peer:us-region/\(world.row)"
        #expect(RemoteAgentID(text)?.peer == "us-region" && RemoteAgentID(text)?.description == text)
        for bad in ["us/\(world.row)", "peer:us", "peer:/\(world.row)", "peer:a/b/\(world.row)", "peer:us/x"] {
            #expect(RemoteAgentID(bad) == nil)
        }
        #expect(try RemoteAgentID.localOnly(world.row.description) == world.row)
        #expect(throws: FleetRefusal.remoteAgent(text)) { try RemoteAgentID.localOnly(text) }
        #expect(throws: NotFound.agent("x")) { try RemoteAgentID.localOnly("x") }
    }
}
