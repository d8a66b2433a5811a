import Certificates
import Foundation
import HostSystem
import OpAMPProto
import ScriptedOpAMPServer
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

/// The program as an operator runs it.
@Suite(.timeLimit(.minutes(2))) struct DaemonTests {
    static let commands = ["run", "enroll", "status", "check", "reset"]

    func withHost(
        _ scheme: String = "wss", _ body: (HostDirectory, ScriptedOpAMPServer) async throws -> Void
    ) async throws {
        let opampServer = try await ScriptedOpAMPServer.start("EU")
        defer { opampServer.stop() }
        let host = try HostDirectory()
        try host.configure(for: opampServer, scheme: scheme)
        try await body(host, opampServer)
    }

    private func isOnline(_ host: HostDirectory) async throws -> Bool {
        try await host.status()["connection"]?["contact"]?.string == "online"
    }

    @Test(arguments: ["wss", "https"], [SIGTERM, SIGINT])
    func `on a signal it disconnects from its server and exits with 0`(scheme: String, signal: Int32) async throws {
        try await withHost(scheme) { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let agent = try host.run()
            #expect(try await eventually { try await isOnline(host) }, "\(agent.log)")
            agent.send(signal)
            let end = await agent.end()
            #expect(end.status == 0)
            #expect(end.output.isEmpty)
            #expect(await eventually { opampServer.heard.last?.message.agentDisconnect == true })
            #expect(try await host.status()["process"] == nil)
        }
    }

    @Test func `an agent that polls stays on one connection, and closes it when it leaves`() async throws {
        try await withHost("https") { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let (connections, messages) = (opampServer.connectionCount, opampServer.heard.count)
            let agent = try host.run()
            #expect(await eventually { opampServer.heard.count >= messages + 4 }, "\(agent.log)")
            #expect(opampServer.connectionCount == connections + 1)
            agent.send(SIGTERM)
            #expect(await agent.end().status == 0)
            #expect(opampServer.heard.last?.message.agentDisconnect == true)
            #expect(opampServer.connectionCount == connections + 1)
            #expect(await eventually { opampServer.openConnectionCount == 0 })
        }
    }

    @Test func `on SIGHUP it presents the certificate that the host's PKI has renewed`() async throws {
        try await withHost { host, opampServer in
            func write(_ identity: TestIdentity) throws {
                try host.write(identity.certificate.pem, to: "leaf.pem")
                try host.write(String(decoding: identity.key.pem.reveal(), as: UTF8.self), to: "leaf.key")
            }
            let (first, second) = (try opampServer.authority.agent(), try opampServer.authority.agent())
            try write(first)
            let text = try #require(host.configurationText)
            let files = "    cert_file: \(host.path)/leaf.pem\n    key_file: \(host.path)/leaf.key\n"
            try host.write(text.replacing("/ca.pem\n", with: "/ca.pem\n" + files), to: "agent.yaml")
            let agent = try host.run()
            #expect(await eventually { opampServer.heard.last?.leaf == first.certificate.fingerprint }, "\(agent.log)")

            try host.write(second.certificate.pem, to: "leaf.pem")
            agent.send(SIGHUP)
            #expect(await eventually { agent.log.contains("agent.certificate-not-replaced") })
            try write(second)
            agent.send(SIGHUP)
            #expect(await eventually { opampServer.heard.last?.leaf == second.certificate.fingerprint }, "\(agent.log)")
            #expect(host.leaf == second.certificate)
            agent.send(SIGTERM)
            #expect(await agent.end().status == 0)
        }
    }

    @Test func `a second agent on the same state does not start`() async throws {
        try await withHost { host, _ in
            let first = try host.run()
            #expect(try await eventually { try await isOnline(host) })
            let second = try await host.run().end()
            #expect(second.status == 4)
            #expect(second.log.contains("file.locked"))
            let reset = try await AgentProcess.run(["reset", "--config", host.configuration, "--yes"])
            #expect(reset.status == 4)
            first.send(SIGTERM)
            #expect(await first.end().status == 0)
        }
    }

    @Test func `status tells who the agent is and where, while it runs and after`() async throws {
        try await withHost { host, opampServer in
            let before = try await host.status()
            #expect(before["active"] == nil)
            #expect(before["configured"]?["endpoint"]?.string == (try opampServer.endpoint().description))
            #expect(try await host.enrol().status == 0)
            let leaf = try #require(host.leaf)
            let status = try await host.status()
            #expect(status["instance_uid"]?.string == host.uid?.description)
            #expect(status["leaf"]?["fingerprint"]?.string == leaf.fingerprint.description)
            #expect(status["leaf"]?["not_after"]?.string == leaf.notAfter.description)
            #expect(status["active"]?["endpoint"]?.string == (try opampServer.endpoint().description))
            #expect(status["active"]?["token_signers"]?.array?.count == 1)
            #expect(status["epoch"]?.integer == 0)
            #expect(status["is_adopted"]?.bool == true, "its leaf was")
            #expect(status["process"] == nil)
            let text = try await AgentProcess.run(["status", "--config", host.configuration]).output
            #expect(text.contains(leaf.fingerprint.description))
            #expect(text.contains("no agent is running"))
        }
    }

    @Test func `a certificate is renewed when the operator asks for it`() async throws {
        try await withHost { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let before = try #require(host.leaf)
            opampServer.forgetLeaves()
            let end = try await AgentProcess.run(["enroll", "--config", host.configuration, "--renew"])
            #expect(end.status == 0, "\(end.log)")
            #expect(host.leaf?.fingerprint != before.fingerprint)
            #expect(host.leaf?.publicKey == before.publicKey)
        }
    }

    @Test(arguments: ["wss", "https"], [true, false])
    func `a renewal whose answer is lost is asked for again, also when the server changes its CA meanwhile`(
        scheme: String, changesCA: Bool
    ) async throws {
        try await withHost(scheme) { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let before = try #require(host.leaf)
            opampServer.forgetLeaves()
            opampServer.loseNextLeafAnswer()
            if changesCA {
                let roots = [opampServer.authority.certificate, try TestAuthority("next").certificate]
                opampServer.offer(
                    ConnectionSettingsOffers(
                        hash: [1],
                        opamp: OpAMPConnectionSettings(
                            certificate: TLSCertificate(cert: Array(before.pem.utf8)), heartbeatIntervalSeconds: 1,
                            tls: TLSConnectionSettings(caPEMContents: CertificateBundle(roots).pem))),
                    stating: try opampServer.statement(of: roots))
            }
            let end = try await AgentProcess.run(["enroll", "--config", host.configuration, "--renew"])
            #expect(end.status == 0, "\(end.log)")
            #expect(host.leaf?.fingerprint != before.fingerprint)
            let requests = opampServer.heard.compactMap(
                \.message.connectionSettingsRequest?.opamp?.certificateRequest?.csr)
            #expect(requests.count >= 3 && Set(requests.suffix(2)).count == 1, "asked again, over the same key")
        }
    }

    @Test(arguments: ["wss", "https"])
    func `an agent says its epoch in the header of each upgrade and of the first POST of a run`(scheme: String)
        async throws
    {
        try await withHost(scheme) { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let enrolled = opampServer.requests.count
            let agent = try host.run()
            #expect(try await eventually { try await isOnline(host) }, "\(agent.log)")
            #expect(await eventually { scheme == "wss" || opampServer.requests.count > enrolled + 2 })
            agent.send(SIGTERM)
            #expect(await agent.end().status == 0)
            let said = opampServer.requests.dropFirst(enrolled).map { request in
                request.headers.first { $0.name.lowercased() == "handover-epoch" }?.value
            }
            #expect(said.first == "0" && said.dropFirst().allSatisfy { $0 == nil })
        }
    }

    @Test func `a refused bootstrap token is said at once`() async throws {
        try await withHost { host, opampServer in
            opampServer.become(.refusing(status: 401))
            let end = try await host.enrol()
            #expect(end.status == 5)
            #expect(end.log.contains("enrolment.http-401"))
            #expect(end.log.contains("Create a new token with `mini-server bootstrap-token create`"))
        }
    }

    @Test func `status after a handover names both servers, the probation, and the file that no longer decides`()
        async throws
    {
        try await withHost { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let target = try await ScriptedOpAMPServer.start("US")
            defer { target.stop() }
            try await host.handOver(from: opampServer, to: target)
            #expect(try await host.status()["configuration_ignored"]?.bool == false)

            try host.configure(for: opampServer, extra: "headers: {X-New: a}")
            let agent = try host.run()
            #expect(try await eventually { try await isOnline(host) }, "\(agent.log)")
            let status = try await host.status()
            let text = try await AgentProcess.run(["status", "--config", host.configuration]).output
            agent.send(SIGTERM)
            #expect(await agent.end().status == 0)

            let (source, destination) = (try opampServer.endpoint().description, try target.endpoint().description)
            #expect(status["active"]?["endpoint"]?.string == destination)
            #expect(status["connection"]?["endpoint"]?.string == destination)
            #expect(status["previous"]?["endpoint"]?.string == source)
            #expect(status["last_verdict"]?["status"]?.string == "APPLIED")
            #expect(status["last_verdict"]?["next_action"] == nil)
            // Other programs read this object, the drills among them: what is lost here is lost there.
            #expect(
                status.members?.map(\.name) == [
                    "instance_uid", "state_directory", "public_key_sha256", "leaf", "configured", "active", "previous",
                    "probation_until", "last_verdict", "verdicts", "failed_offers", "failed_configurations",
                    "epoch", "handover_id", "is_adopted", "is_enrolled", "configuration_ignored",
                    "recovered_from_previous", "process", "connection",
                ])
            #expect(status["configuration_ignored"]?.bool == true)
            #expect(status["epoch"]?.integer == 1)
            let until = try #require(status["probation_until"]?.string)
            #expect(Timestamp(until) != nil)
            let id = try #require(status["handover_id"]?.string)
            for row in [
                "server            \(destination)", "previous server   \(source), until \(until)",
                "handovers         epoch 1, last \(id)",
                "configuration     the server of the file, \(source), was left; `opamp-agent reset` returns to it",
                "warning           the connection part of the file has changed and is ignored until `opamp-agent reset`",
            ] { #expect(text.contains(row), "\(row) in \(text)") }
        }
    }

    @Test func `status says what became of the last configuration`() async throws {
        try await withHost { host, opampServer in
            let sink = "config_sink: {directory: \(host.path)/conf.d, validate_command: 'cat \"$1\"/*; false'}"
            try host.configure(for: opampServer, extra: sink)
            #expect(try await host.enrol().status == 0)
            let agent = try host.run()
            #expect(try await eventually { try await isOnline(host) }, "\(agent.log)")
            let file = AgentConfigFile(body: Array("bad key".utf8))
            opampServer.offer(AgentRemoteConfig(config: AgentConfigMap(configMap: ["a": file]), configHash: [9]))
            #expect(
                await eventually { opampServer.heard.contains { $0.message.remoteConfigStatus?.status == .failed } },
                "\(agent.log)")
            agent.send(SIGTERM)
            _ = await agent.end()
            let told = "the validation command exited with status 1: bad key"
            let status = try await host.status()
            #expect(status["remote_configuration"]?["message"]?.string == told)
            #expect(status["failed_configurations"]?.array?.first?["is_tried_again"]?.bool == true)
            let text = try await AgentProcess.run(["status", "--config", host.configuration]).output
            #expect(text.contains("remote config     FAILED \(told) 09"))
        }
    }

    @Test func `status says what to do about an offer that failed`() async throws {
        try await withHost { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let target = try await ScriptedOpAMPServer.start("US")
            defer { target.stop() }
            target.become(.refusing(status: 404))
            opampServer.offer(
                try opampServer.handover(of: try #require(host.leaf), uid: try #require(host.uid), to: target))
            let agent = try host.run()
            #expect(await eventually { opampServer.settingsStatuses.contains { $0.status == .failed } }, "\(agent.log)")
            agent.send(SIGTERM)
            _ = await agent.end()
            let next = MoveCause.http(status: 404).nextAction
            #expect(try await host.status()["last_verdict"]?["next_action"]?.string == next)
            let text = try await AgentProcess.run(["status", "--config", host.configuration]).output
            #expect(text.contains("last offer        FAILED http-404"))
            #expect(text.contains("next              \(next)"))
        }
    }

    @Test func `a restart that the server asks for is left to the service manager`() async throws {
        try await withHost { host, opampServer in
            try host.configure(for: opampServer, extra: "capabilities: {accepts_restart_command: true}")
            #expect(try await host.enrol().status == 0)
            let agent = try host.run()
            #expect(try await eventually { try await isOnline(host) }, "\(agent.log)")
            opampServer.say(ServerToAgent(command: ServerToAgentCommand(type: .restart)))
            let end = await agent.end()
            #expect(end.status == 10, "\(end.log)")
            #expect(await eventually { opampServer.heard.last?.message.agentDisconnect == true })
        }
    }

    @Test func `enrolling without what it takes is wrong usage, and says what it takes`() async throws {
        try await withHost { host, opampServer in
            let bare = try await AgentProcess.run(["enroll", "--config", host.configuration])
            #expect(bare.status == 2)
            #expect(bare.log.contains("enrolment.no-token"))
            #expect(bare.log.contains("--token-file"))
            try host.write("opamp-bt.x\n", to: "token")
            let renewing = try await AgentProcess.run(
                ["enroll", "--config", host.configuration, "--token-file", host.path + "/token", "--renew"])
            #expect(renewing.status == 2)
            #expect(renewing.log.contains("enrolment.nothing-to-renew"))
            #expect(opampServer.requests.isEmpty)
        }
    }

    @Test func `reset wants to be meant, and then forgets the server but not the key`() async throws {
        try await withHost { host, _ async throws in
            #expect(try await host.enrol().status == 0)
            let key = host.bytes("leaf.key")
            let uid = host.uid
            #expect(try await AgentProcess.run(["reset", "--config", host.configuration]).status == 2)
            #expect(host.bytes("connection") != nil)
            #expect(try await AgentProcess.run(["reset", "--config", host.configuration, "--yes"]).status == 0)
            #expect(host.bytes("connection") == nil)
            #expect(try await host.status()["is_enrolled"] == nil)
            #expect(try await host.enrol().status == 0)
            #expect(host.bytes("leaf.key") == key)
            #expect(host.uid == uid)
        }
    }

    @Test func `no secret is ever logged`() async throws {
        try await withHost { host, opampServer in
            try host.configure(
                for: opampServer, extra: "headers: {X-Secret: canary-header}\nlog: {level: debug, format: json}")
            let enrolled = try await host.enrol(token: "opamp-bt.canary-token")
            #expect(enrolled.status == 0)
            #expect(opampServer.heard.first?.headers["authorization"] == "Bearer opamp-bt.canary-token")
            #expect(opampServer.heard.first?.headers["x-secret"] == "canary-header")
            let key = try #require(host.text("leaf.key"))
            let target = try await ScriptedOpAMPServer.start("US")
            defer { target.stop() }
            let offer = try opampServer.handover(of: try #require(host.leaf), uid: try #require(host.uid), to: target)
            opampServer.offer(offer)
            let agent = try host.run()
            #expect(await eventually { target.settingsStatuses.contains { $0.status == .applied } }, "\(agent.log)")
            agent.send(SIGTERM)
            let end = await agent.end()
            let status = try await AgentProcess.run(["status", "--config", host.configuration, "--json"])
            let token = try #require(offer.opamp?.headers?.headers.first?.value)
            for text in [enrolled.log, enrolled.output, end.log, end.output, status.output] {
                for canary in [
                    "canary", token, String(token.prefix(40)), "PRIVATE", String(key.split(separator: "\n")[1]),
                ] {
                    #expect(!text.contains(canary))
                }
            }
            // Every line is one JSON object with the label.
            for line in end.log.split(separator: "\n") {
                #expect(try JSON(reading: Array(line.utf8))["label"]?.string == "opamp_extension")
            }
            // The header belongs to the source and never travels to another origin.
            #expect(target.heard.allSatisfy { $0.headers["x-secret"] == nil })
        }
    }

    @Test func `the program needs the host's C libraries and no Foundation`() async throws {
        let readelf = try ChildProcess("/usr/bin/readelf", ["-d", AgentProcess.program], output: .pipe)
        let text = String(decoding: try await readelf.output.rest(), as: UTF8.self)
        #expect(text.contains("libwebsockets.so"))
        #expect(text.contains("libssl.so"))
        for library in ["Foundation", "libicu", "libcurl", "libxml"] { #expect(!text.contains(library)) }
    }

    @Test(arguments: commands)
    func `every command explains itself`(command: String) async throws {
        let end = try await AgentProcess.run([command, "--help"])
        #expect(end.status == 0)
        #expect(end.output.contains("opamp-agent \(command)"))
        #expect(end.output.contains("--config FILE"))
        #expect(end.output.contains("Exit status"))
        let overview = try await AgentProcess.run(["--help"])
        #expect(overview.output.contains("  \(command)"))
    }

    @Test(arguments: [
        [], ["walk"], ["run"], ["run", "--config"], ["run", "--config", "/x", "--config", "/y"], ["run", "--fast"],
        ["status", "--json=yes", "--config", "/x"], ["enroll", "--config", "/x", "--timeout", "soon"],
    ])
    func `wrong usage ends with 2 and shows the right one, a missing file with 3`(arguments: [String]) async throws {
        let end = try await AgentProcess.run(arguments)
        #expect(end.status == (arguments.contains("--timeout") ? 3 : 2))
        #expect(!end.log.isEmpty)
        #expect(end.output.isEmpty)
    }
}
