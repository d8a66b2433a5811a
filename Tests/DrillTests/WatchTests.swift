import Certificates
import Foundation
import HostSystem
import TestValues
import Testing
import Vocabulary

@testable import Drill

@Suite struct WatchTests {
    private static let header =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"

    /// - Parameter state: 01 is ESTABLISHED, 06 TIME_WAIT.
    private func row(_ inode: Int, to port: Int, state: String = "01") -> String {
        let remote = "0100007F:" + String(port, radix: 16, uppercase: true)
        return "   0: 0100007F:9C40 \(remote) \(state) 00000000:00000000 00:00000000 00000000     0        0 \(inode) 1"
    }

    private func table(_ rows: String...) -> String { ([Self.header] + rows).joined(separator: "\n") + "\n" }

    /// A test run that had more crashed when it looked at itself.
    @Test func `a process with more than a thousand descriptors can be looked at`() async throws {
        let child = try ChildProcess(
            "/bin/bash",
            [
                "-c",
                "ulimit -n 4096; for ((i = 10; i < 1500; i++)); do eval \"exec $i< /dev/null\"; done; echo ready; read",
            ], input: .pipe, output: .pipe)
        defer { child.send(SIGTERM) }
        #expect(try await child.output.next() == Array("ready\n".utf8))
        var known: Set<String> = ["71"]
        for _ in 0..<20 { #expect(OpenConnections.count(of: child.processID, to: [], known: &known) == 0) }
    }

    @Test func `a socket that the kernel lists twice is one connection`() {
        let listed = table(row(71, to: 4320), row(71, to: 4320), row(71, to: 4320))
        #expect(OpenConnections.rows(of: listed).count == 3)
        #expect(OpenConnections.sockets(in: listed, to: [4320]) == ["71"])
    }

    @Test func `two sockets are two connections, and others are not counted`() {
        let listed = table(
            row(71, to: 4320), row(72, to: 4321), row(73, to: 9999), row(74, to: 4320, state: "06"))
        #expect(OpenConnections.sockets(in: listed, to: [4320, 4321]) == ["71", "72"])
    }

    @Test func `two drills of one second get folders of their own`() throws {
        let time = TestClock.start
        let names = try TemporaryFolder.lend("runs") { runs in
            try (0..<3).map { _ in try RunFolder.make(in: runs, for: "there-and-back", at: time).lastPathComponent }
        }
        #expect(Set(names).count == 3)
        #expect(names.allSatisfy { $0.hasPrefix("there-and-back-20270115-") })
    }
}

@MainActor @Suite struct LoggedProcessTests {
    @Test func `a command that is interrupted has not failed`() async throws {
        try await TemporaryFolder.lend("logs") { logs in
            let command = Task {
                try await LoggedProcess.run("wait", program: URL(filePath: "/bin/sleep"), ["3600"], logs: logs)
            }
            command.cancel()
            await #expect(throws: CancellationError.self) { try await command.value }
            await #expect(throws: WorldFailure.self) {
                try await LoggedProcess.run("fail", program: URL(filePath: "/bin/false"), [], logs: logs)
            }
        }
    }
}

@Suite struct ForeignAuthorityTests {
    @Test func `a copied leaf is alike in all but its key, its issuer's key and its fingerprint`() throws {
        let (own, other) = (try ForeignAuthority("eu-region CA"), try ForeignAuthority("eu-region CA"))
        let row = try #require(AgentID(Sample.row()))
        let leaf = try CertificateBundle(pem: own.impersonate(row, subject: "agent-1").chain).certificates[0]
        let copy = try CertificateBundle(pem: other.copy(leaf).chain).certificates[0]
        #expect(copy.subject == leaf.subject && copy.issuer == leaf.issuer)
        #expect(copy.serialNumber == leaf.serialNumber && copy.uriNames == leaf.uriNames)
        #expect(copy.notBefore == leaf.notBefore && copy.notAfter == leaf.notAfter)
        #expect(copy.publicKey != leaf.publicKey && copy.fingerprint != leaf.fingerprint)
        #expect(throws: WorldFailure.self) { try own.copy(other.certificate) }
    }
}
