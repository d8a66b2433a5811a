import Certificates
import Foundation
import ScriptedOpAMPServer
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

/// `opamp-agent check`, as an operator runs it before a handover.
@Suite(.timeLimit(.minutes(2))) struct CheckTests {
    private func withHost(
        _ scheme: String = "wss", extra: String = "", _ body: (HostDirectory, ScriptedOpAMPServer) async throws -> Void
    ) async throws {
        let opampServer = try await ScriptedOpAMPServer.start("EU")
        defer { opampServer.stop() }
        let host = try HostDirectory()
        try host.configure(for: opampServer, scheme: scheme, extra: extra)
        try await body(host, opampServer)
    }

    private func check(_ host: HostDirectory) async throws -> (end: AgentProcess.End, json: JSON) {
        let end = try await AgentProcess.run(["check", "--config", host.configuration])
        let json = try await AgentProcess.run(["check", "--config", host.configuration, "--json"])
        #expect(json.status == end.status)
        return (end, try JSON(reading: Array(json.output.utf8)))
    }

    @Test(arguments: ["wss", "https"])
    func `it says what was verified, over both transports, and sends no message`(scheme: String) async throws {
        try await withHost(scheme) { host, opampServer in
            let (good, json) = try await check(host)
            #expect(good.status == 0, "\(good.output)\(good.log)")
            #expect(good.output.contains(opampServer.authority.certificate.fingerprint.description))
            #expect(good.output.contains("TLSv1.3, host name and chain verified"))
            #expect(json["good"]?.bool == true)
            #expect(json["from_configuration"]?.bool == true)
            #expect(opampServer.heard.isEmpty)
            try host.write(try ScriptedOpAMPServer.strangerPEM(), to: "ca.pem")
            let bad = try await check(host)
            #expect(bad.end.status == 5)
            #expect(bad.json["cause"]?.string == "tls-untrusted")
            #expect(host.bytes("connection") == nil)
        }
    }

    @Test func `T40 a state directory that cannot be made is found before the agent runs`() async throws {
        try await withHost { host, _ in
            let text = try #require(host.configurationText)
            try host.write(text.replacing(host.state, with: host.path + "/none/state"), to: "agent.yaml")
            let end = try await AgentProcess.run(["check", "--config", host.configuration])
            #expect(end.status == 4 && end.log.contains("No such file or directory"), "\(end.log)")
        }
    }

    @Test func `a trusted certificate that is no CA's is shown as one that verifies nothing`() async throws {
        try await withHost { host, opampServer in
            let leaf = try opampServer.authority.agent().certificate
            try host.write(opampServer.authority.certificate.pem + leaf.pem, to: "ca.pem")
            let (end, json) = try await check(host)
            #expect(
                end.status == 0 && end.output.contains("\(leaf.fingerprint); no CA: verifies nothing"), "\(end.output)")
            #expect(json["not_cas"]?.array?.compactMap(\.string) == [leaf.fingerprint.description])
            #expect(json["trusted_cas"]?.array?.count == 1)
        }
    }

    @Test(arguments: ["wss", "https"], [400, 401, 403, 404, 405, 426, 500])
    func `a refused upgrade is bad, and so is every answer to a POST but that it is no message`(
        scheme: String, status: Int
    ) async throws {
        try await withHost(scheme) { host, opampServer in
            opampServer.become(.refusing(status: status))
            let (end, json) = try await check(host)
            let isGood = scheme == "https" && status == 400
            #expect(end.status == (isGood ? 0 : 5), "\(end.output)")
            #expect(json["http_status"]?.integer == Int64(status))
            #expect(json["cause"]?.string == (isGood ? nil : "http-\(status)"))
        }
    }

    @Test func `C21 an answer of another content type is no OpAMP server's`() async throws {
        try await withHost("https") { host, opampServer in
            opampServer.become(.refusing(status: 200))
            let (end, json) = try await check(host)
            #expect(end.status == 5, "\(end.output)")
            #expect(json["cause"]?.string == "protocol")
            let agent = try host.run()
            #expect(await eventually { agent.log.contains("content type") })
            agent.send(SIGTERM)
            #expect(await agent.end().status == 0)
        }
    }

    @Test func `a connection that verifies nothing says so`() async throws {
        try await withHost { host, opampServer in
            try host.write(try ScriptedOpAMPServer.strangerPEM(), to: "ca.pem")
            let text = try #require(host.configurationText)
            try host.write(
                text.replacing("ca.pem\n", with: "ca.pem\n    insecure_skip_verify: true\n"), to: "agent.yaml")
            let (end, _) = try await check(host)
            #expect(end.status == 0, "\(end.output)")
            #expect(end.output.contains("nothing verified: insecure_skip_verify"))
        }
    }

    @Test func `before enrolment a handover would verify the policy alone`() async throws {
        let extra = """
            handover:
              require_token: always
              allowed_endpoints: ["*.example:4320", "[::1]", other.example]
              min_tls_version: "1.3"
              allow_plaintext: true
              allow_skip_verify: true
            """
        try await withHost(extra: extra) { host, _ in
            let (end, json) = try await check(host)
            let terms = try #require(json["handover"])
            #expect(terms["require_token"]?.string == "always")
            #expect(terms["token_required"]?.bool == true)
            #expect(terms["token_signers"]?.array?.isEmpty == true)
            #expect(
                terms["allowed_endpoints"]?.array?.compactMap(\.string) == ["*.example:4320", "[::1]", "other.example"])
            #expect(terms["min_tls_version"]?.string == "1.3")
            #expect(terms["allow_plaintext"]?.bool == true)
            #expect(terms["allow_skip_verify"]?.bool == true)
            #expect(terms["epoch_above"]?.integer == 0)
            #expect(terms["leaf"] == nil)
            for words in [
                "*.example:4320, [::1], other.example", "1.3 or later", "allow_plaintext", "allow_skip_verify",
                "required (require_token always)", "none; enrollment provides them",
            ] {
                #expect(end.output.contains(words), "\(words) in \(end.output)")
            }
        }
    }

    @Test func `on an adopted connection it checks that one, and a handover would verify what it brought`() async throws
    {
        try await withHost { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let leaf = try #require(host.leaf).fingerprint.description
            let enrolled = try await check(host)
            #expect(enrolled.json["leaf"]?.string == leaf)
            #expect(enrolled.json["handover"]?["token_required"]?.bool == true)
            #expect(
                enrolled.json["handover"]?["token_signers"]?.array?.compactMap { $0["fingerprint"]?.string }
                    == [opampServer.authority.certificate.fingerprint.description])

            let target = try await ScriptedOpAMPServer.start("US")
            defer { target.stop() }
            try await host.handOver(from: opampServer, to: target)
            let heard = target.heard.count
            let (end, json) = try await check(host)
            #expect(end.status == 0, "\(end.output)")
            #expect(json["endpoint"]?.string == (try target.endpoint().description))
            #expect(json["from_configuration"]?.bool == false)
            #expect(
                json["trusted_cas"]?.array?.compactMap(\.string) == [
                    target.authority.certificate.fingerprint.description
                ])
            #expect(target.requests.last?.peerLeaf.map { Hex.encode(Digest.sha256($0)) } == leaf)
            let terms = try #require(json["handover"])
            #expect(terms["epoch_above"]?.integer == 1)
            #expect(terms["leaf"]?.string == leaf)
            #expect(terms["previous"]?.string == (try opampServer.endpoint().description))
            #expect(terms["probation_until"]?.string.flatMap { Timestamp($0) } != nil)
            for words in [
                "adopted; not the one in the file", "sha256 \(leaf) stays", "epoch         above 1",
                "token signer  CN=US", target.authority.certificate.fingerprint.description,
                "previous settings for \(try opampServer.endpoint()) kept until",
            ] {
                #expect(end.output.contains(words), "\(words) in \(end.output)")
            }
            #expect(target.heard.count == heard)
        }
    }
}
