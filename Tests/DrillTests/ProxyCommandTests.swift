import Certificates
import Foundation
import HostSystem
import TestPKI
import TestValues
import Testing
import Vocabulary

/// `handover-drill proxy` and `decode` as an operator types them.
@Suite struct ProxyCommandTests {
    private static let program: URL = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent().appending(path: "handover-drill")
    }()

    /// Runs one command to its end in a shell; both of its outputs are one text.
    private func run(_ command: String, in folder: URL) async throws -> (end: ProcessEnd?, text: String) {
        let output = folder.appending(path: "\(UUID().uuidString).output")
        let line = "\(Self.program.path) \(command) > \(output.path) 2>&1"
        let child = try ChildProcess(
            "/bin/bash", ["-c", line], folder: folder.path, input: .null, output: .null, errors: .null)
        while child.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        return (child.end, try String(contentsOf: output, encoding: .utf8))
    }

    @Test(arguments: [
        ("--to wss://127.0.0.1:1 --rule 'any cut'", RecorderCode.badRule.code),
        ("--to wss://127.0.0.1:1 --rules absent", RecorderCode.fileUnreadable.code),
        ("--to 127.0.0.1:1", RecorderCode.badAddress.code),
        ("--to wss://127.0.0.1:1 --listen nowhere", RecorderCode.badAddress.code),
        ("--to wss://127.0.0.1:1 --certificate a.pem", RecorderCode.badCommand.code),
        ("--to wss://127.0.0.1:1 --certificate text.pem --key text.pem", PEMCode.nothingInside.code),
        ("--to wss://127.0.0.1:1 --certificate a.pem --key b.key", CertificateCode.keyMismatch.code),
        ("--to wss://127.0.0.1:1 --ca b.key", PEMCode.privateKeyInside.code),
        ("--to ws://127.0.0.1:1 --listen 127.0.0.1:0 --record /absent/a", RecorderCode.recordingNotWritten.code),
    ])
    func `what cannot work is refused with a code and a next action`(options: String, code: String) async throws {
        try await TemporaryFolder.lend("proxy-command") { folder in
            try "no PEM".write(to: folder.appending(path: "text.pem"), atomically: true, encoding: .utf8)
            let (one, other) = (try TestAuthority().identity, try TestAuthority().identity)
            try one.certificate.pem.write(to: folder.appending(path: "a.pem"), atomically: true, encoding: .utf8)
            try other.key.pem.revealText().write(to: folder.appending(path: "b.key"), atomically: true, encoding: .utf8)
            let (end, text) = try await run("proxy \(options)", in: folder)
            #expect(end == .exited(status: 1))
            #expect(text.contains("\(code): ") && text.contains("  next:  "), "\(text)")
        }
    }

    @Test func `a port that is taken is named`() async throws {
        try await TemporaryFolder.lend("proxy-command") { folder in
            let first = try ChildProcess(
                "/bin/bash",
                [
                    "-c",
                    "exec \(Self.program.path) proxy --to ws://127.0.0.1:1 --listen 127.0.0.1:0 2> first > /dev/null",
                ],
                folder: folder.path, input: .null, output: .null, errors: .null)
            let said = folder.appending(path: "first")
            var port: Substring?
            while port == nil, first.isRunning {
                try await Task.sleep(for: .milliseconds(20))
                port =
                    (try? String(contentsOf: said, encoding: .utf8))?
                    .firstMatch(of: /listening on 127\.0\.0\.1:([0-9]+),/)?.output.1
            }
            let (end, text) = try await run(
                "proxy --to ws://127.0.0.1:1 --listen 127.0.0.1:\(port ?? "0")", in: folder)
            #expect(end == .exited(status: 1))
            #expect(text.contains(RecorderCode.addressInUse.code), "\(text)")
            first.send(SIGTERM)
            while first.isRunning { try await Task.sleep(for: .milliseconds(20)) }
            #expect(first.end == .exited(status: 0))
        }
    }

    @Test func `decode reads a file and standard input, and fails on what cannot be read`() async throws {
        try await TemporaryFolder.lend("proxy-command") { folder in
            // instance_uid of two bytes and sequence_num 5.
            let hex = "0a0207081005"
            try hex.write(to: folder.appending(path: "message"), atomically: true, encoding: .utf8)
            let (end, text) = try await run("decode message", in: folder)
            #expect(end == .exited(status: 0) && text.contains("\"sequence_num\": 5"), "\(text)")
            let (again, same) = try await run("decode < message", in: folder)
            #expect(again == .exited(status: 0) && same == text)
            let (cutOff, said) = try await run("decode --direction agent-to-server <<< 0a0207", in: folder)
            #expect(cutOff == .exited(status: 1) && said.contains(WireCode.truncated.code), "\(said)")
            let (absent, why) = try await run("decode absent", in: folder)
            #expect(absent == .exited(status: 1) && why.contains(RecorderCode.fileUnreadable.code), "\(why)")
        }
    }
}
