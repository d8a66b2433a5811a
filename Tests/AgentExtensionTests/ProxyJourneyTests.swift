import AgentCore
import AgentExtension
import Certificates
import Foundation
import OpAMPProto
import ScriptedOpAMPServer
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

/// `opamp-agent` on a host whose network has a proxy.
@Suite(.timeLimit(.minutes(2))) struct ProxyJourneyTests {
    struct Place {
        let source: ScriptedOpAMPServer
        let target: ScriptedOpAMPServer
        let host: HostDirectory
        let proxy: ScriptedProxy
        let proxyAuthority: TestAuthority
        let url: String
    }

    /// - Parameters:
    ///   - keys: more of `proxy` in the file, each line with its indentation.
    ///   - more: of the file itself.
    private func withPlace(
        _ scheme: String, _ reply: ScriptedProxy.Reply = .tunnel, isTLS: Bool = false, keys: String = "",
        more: String = "",
        _ body: (Place) async throws -> Void
    ) async throws {
        let (source, target) = (try await ScriptedOpAMPServer.start("EU"), try await ScriptedOpAMPServer.start("US"))
        let authority = try TestAuthority("proxy")
        let proxy = try await ScriptedProxy.start(reply, tls: isTLS ? try authority.tls() : nil)
        defer {
            source.stop()
            target.stop()
            proxy.stop()
        }
        let host = try HostDirectory()
        try host.write(authority.certificate.pem, to: "proxy-ca.pem")
        try host.write("canary-password", to: "password")
        let own = try authority.agent()
        try host.write(own.certificate.pem, to: "proxy.pem")
        try host.write(own.key.pem.revealText(), to: "proxy.key")
        let url = "\(isTLS ? "https" : "http")://127.0.0.1:\(proxy.port)"
        let tls =
            isTLS
            ? """
              tls:
                ca_file: \(host.path)/proxy-ca.pem
                cert_file: \(host.path)/proxy.pem
                key_file: \(host.path)/proxy.key
            """ : ""
        try host.configure(
            for: source, scheme: scheme,
            extra:
                "proxy:\n  url: \(url)\n  username: host\n  password_file: \(host.path)/password\n\(keys)\n\(tls)\n\(more)\n"
        )
        try await body(
            Place(source: source, target: target, host: host, proxy: proxy, proxyAuthority: authority, url: url))
    }

    @Test(arguments: [("wss", false), ("https", false), ("wss", true), ("https", true)])
    func `a host behind a proxy enrolls and is handed over`(scheme: String, isTLS: Bool) async throws {
        try await withPlace(scheme, isTLS: isTLS) { place in
            #expect(try await place.host.enrol().status == 0)
            let check = try await AgentProcess.run(["check", "--config", place.host.configuration])
            #expect(check.status == 0 && check.output.contains("proxy         \(place.url)\n"), "\(check)")
            // The offer names no proxy: the host's own leads to the target as well.
            try await place.host.handOver(from: place.source, to: place.target)
            let status = try await place.host.status()
            #expect(status["active"]?["endpoint"]?.string == (try place.target.endpoint().description))
            #expect(status["proxy"]?["url"]?.string == place.url)
            #expect(status["proxy"]?["source"]?.string == "host")
            let connected = place.proxy.requests.map { String($0.split(separator: " ")[1]) }
            #expect(Set(connected) == ["127.0.0.1:\(place.source.port)", "127.0.0.1:\(place.target.port)"])
            #expect(place.proxy.requests.count == place.source.connectionCount + place.target.connectionCount)
            let basic = "Proxy-Authorization: Basic \(Base64.encode(Array("host:canary-password".utf8)))"
            #expect(place.proxy.requests.allSatisfy { $0.contains(basic) })

            let leaf = try #require(place.host.leaf)
            let received = place.proxy.received
            for secret in [Array("canary-bootstrap".utf8), Array("opamp-ho.".utf8), leaf.der, Array("opamp-bt".utf8)] {
                #expect(!received.contains(secret))
            }
            #expect(place.proxy.leaves.allSatisfy { ($0 != nil) == isTLS && $0 != leaf.der })
            for file in ["connection", "identity", "presence"] {
                #expect(place.host.bytes(file)?.contains("canary".utf8) != true)
                #expect(place.host.bytes(file)?.contains(Hex.encode(Array("canary".utf8)).utf8) != true)
            }
        }
    }

    /// Also after settings were adopted: the proxy is none of theirs.
    @Test func `another proxy in the file is another proxy`() async throws {
        try await withPlace("wss") { place in
            #expect(try await place.host.enrol().status == 0)
            let moved = try await ScriptedProxy.start(.tunnel)
            defer { moved.stop() }
            let text = try #require(place.host.configurationText)
            let url = "http://127.0.0.1:\(moved.port)"
            try place.host.write(text.replacing(place.url, with: url), to: "agent.yaml")
            let status = try await place.host.status()
            #expect(status["proxy"]?["url"]?.string == url)
            #expect(status["is_adopted"]?.bool == true && status["configuration_ignored"]?.bool == false)
            let before = place.proxy.requests.count
            try await place.host.handOver(from: place.source, to: place.target)
            #expect(moved.requests.count >= 2 && place.proxy.requests.count == before)
        }
    }

    @Test func `a renewed certificate for the proxy is presented after SIGHUP`() async throws {
        try await withPlace("https", isTLS: true) { place in
            #expect(try await place.host.enrol().status == 0)
            let agent = try place.host.run()
            let count = place.proxy.leaves.count
            #expect(await eventually { place.proxy.leaves.count > count }, "\(agent.log)")
            let renewed = try place.proxyAuthority.agent()
            try place.host.write(renewed.certificate.pem, to: "proxy.pem")
            try place.host.write(renewed.key.pem.revealText(), to: "proxy.key")
            agent.send(SIGHUP)
            #expect(await eventually { place.proxy.leaves.last == renewed.certificate.der }, "\(agent.log)")
            // What does not belong together takes no place.
            try place.host.write(try place.proxyAuthority.agent().key.pem.revealText(), to: "proxy.key")
            agent.send(SIGHUP)
            #expect(await eventually { agent.log.contains("agent.certificate-not-replaced") }, "\(agent.log)")
            let polls = place.source.requests.count
            #expect(await eventually { place.source.requests.count > polls + 1 })
            #expect(place.proxy.leaves.last == renewed.certificate.der)
            agent.send(SIGTERM)
            _ = await agent.end()
        }
    }

    @Test func `an exception is reached without the proxy`() async throws {
        let forbidden = ScriptedProxy.Reply.answer("HTTP/1.1 403 Forbidden\r\n\r\n")
        try await withPlace("wss", forbidden, keys: "  no_proxy: [127.0.0.0/8]") { place in
            #expect(try await place.host.enrol().status == 0)
            let shown = try await place.host.status()["proxy"]
            #expect(shown == nil)
            #expect(place.proxy.requests.isEmpty)
        }
    }

    @Test(arguments: [
        ("407 Proxy Authentication Required", "proxy.password_file"), ("403 Forbidden", "the proxy's rules"),
        ("503 Service Unavailable", "proxy's host can resolve and reach it"),
    ])
    func `a proxy that refuses is named with what to do`(answer: String, next: String) async throws {
        try await withPlace("wss", .answer("HTTP/1.1 \(answer)\r\n\r\n")) { place in
            let check = try await AgentProcess.run(["check", "--config", place.host.configuration])
            #expect(check.status == 5)
            let status = answer.prefix(3)
            let words =
                "the proxy 127.0.0.1:\(place.proxy.port) answered CONNECT 127.0.0.1:\(place.source.port) with HTTP status \(status)"
            #expect(check.output.contains(words) && check.output.contains(next), "\(check.output)")
            let agent = try place.host.run()
            #expect(await eventually { agent.log.contains(words) && agent.log.contains(next) }, "\(agent.log)")
            agent.send(SIGTERM)
            _ = await agent.end()
            #expect(!(check.output + agent.log).contains("canary"))
        }
    }

    /// A server's 400 would be the right answer to a check.
    @Test func `a proxy that answers 400 to CONNECT is no good server`() async throws {
        try await withPlace("https", .answer("HTTP/1.1 400 Bad Request\r\n\r\n")) { place in
            let check = try await AgentProcess.run(["check", "--config", place.host.configuration])
            #expect(check.status == 5 && check.output.contains("HTTP status 400"), "\(check.output)")
        }
    }

    @Test func `H20 an offered https proxy is verified with the file's CA and shown the file's certificate`()
        async throws
    {
        try await withPlace("wss", isTLS: true, more: "handover: {require_token: never}") { place in
            #expect(try await place.host.enrol().status == 0)
            let authority = try TestAuthority("other proxy")
            let stranger = try await ScriptedProxy.start(.tunnel, tls: try authority.tls())
            defer { stranger.stop() }
            let second = try await ScriptedProxy.start(.tunnel, tls: try place.proxyAuthority.tls())
            defer { second.stop() }
            let agent = try place.host.run()
            for (proxy, hash, isGood) in [(stranger, [UInt8(1)], false), (second, [2], true)] {
                let offer = OpAMPConnectionSettings(
                    heartbeatIntervalSeconds: 1,
                    proxy: ProxyConnectionSettings(
                        url: "https://127.0.0.1:\(proxy.port)",
                        connectHeaders: Headers(headers: [Header(key: "X-Offered", value: "canary")])))
                place.source.offer(ConnectionSettingsOffers(hash: hash, opamp: offer))
                let verdict = isGood ? ConnectionSettingsStatuses.applied : .failed
                #expect(
                    await eventually {
                        place.source.settingsStatuses.contains {
                            $0.lastConnectionSettingsHash == hash && $0.status == verdict
                        }
                    }, "\(agent.log)")
            }
            #expect(stranger.requests.isEmpty)
            #expect(second.requests.first?.contains("X-Offered: canary") == true)
            #expect(second.requests.first?.contains("Authorization") == false)
            #expect(second.leaves.first == place.proxy.leaves.first)
            agent.send(SIGTERM)
            _ = await agent.end()
            #expect(try await place.host.status()["proxy"]?["source"]?.string == "offer")
            #expect(!agent.log.contains("canary"))
        }
    }
}
