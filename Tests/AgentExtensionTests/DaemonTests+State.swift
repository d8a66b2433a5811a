import Certificates
import Foundation
import Glibc
import ScriptedOpAMPServer
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

/// What the program does about its state, its key and its certificate.
extension DaemonTests {
    @Test func `T12 a certificate without its key, or with another one, is named, and enrolling anew ends it`()
        async throws
    {
        try await withHost { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let key = try #require(host.text("leaf.key"))
            try FileManager.default.removeItem(atPath: host.state + "/leaf.key")
            let missing = try await AgentProcess.run(["run", "--config", host.configuration])
            #expect(missing.status == 4 && missing.log.contains("state.key-missing"), "\(missing.log)")
            #expect(host.bytes("leaf.key") == nil, "no other key takes its place")
            try host.write(try PrivateKey.generateP256().pem.revealText(), to: "state/leaf.key")
            let other = try await AgentProcess.run(["run", "--config", host.configuration])
            #expect(other.status == 4 && other.log.contains("state.key-of-another"))
            try host.write(key, to: "state/leaf.key")
            #expect(try await host.enrol().status == 0)
            try FileManager.default.removeItem(atPath: host.state + "/leaf.key")
            let uid = host.uid
            #expect(try await AgentProcess.run(["reset", "--config", host.configuration, "--yes"]).status == 0)
            #expect(try await host.enrol().status == 0)
            #expect(host.uid == uid && host.text("leaf.key") != key)
        }
    }

    @Test func `an agent that takes no connection settings is not enrolled, and is told why`() async throws {
        try await withHost { host, opampServer in
            try host.configure(for: opampServer, extra: "capabilities: {accepts_opamp_connection_settings: false}")
            let end = try await host.enrol()
            #expect(end.status == 3 && end.log.contains("enrolment.settings-not-accepted"), "\(end.log)")
            #expect(opampServer.connectionCount == 0)
        }
    }

    @Test func `C54 a server that refuses the leaf that it issued is named, and enrolling again ends it`() async throws
    {
        try await withHost { host, opampServer in
            opampServer.become(.refusingLeaves(status: 403))
            let end = try await host.enrol()
            #expect(end.status == 5 && end.log.contains("enrolment.http-403"), "\(end.log)")
            #expect(end.log.contains("does not accept the certificate that it issued"))
            #expect(try await host.status()["is_enrolled"]?.bool == false)
            #expect(try await host.status()["leaf"] == nil)
            let (key, uid) = (host.bytes("leaf.key"), host.uid)
            opampServer.become(.welcoming)
            #expect(try await host.enrol().status == 0)
            #expect(host.bytes("leaf.key") == key && host.uid == uid && opampServer.leafCount == 1)
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func `T41 root may ask about the agent of another user, and not take its place`() async throws {
        try await withHost { host, opampServer in
            #expect(try await host.enrol().status == 0)
            let user: uid_t = 65534
            for path in [host.state]
                + (try FileManager.default.contentsOfDirectory(atPath: host.state)).map({
                    host.state + "/" + $0
                })
            { try #require(unsafe chown(path, user, user) == 0) }
            #expect(try await host.status()["is_enrolled"]?.bool == true)
            let check = try await AgentProcess.run(["check", "--config", host.configuration])
            #expect(check.status == 0, "\(check.output)")
            let run = try await AgentProcess.run(["run", "--config", host.configuration])
            #expect(run.status == 4 && run.log.contains("file.wrong-owner"), "\(run.log)")
        }
    }
}
