public import Certificates
import Foundation
import OpAMPProto
import ScriptedServer
import TestPKI
import TestValues
public import Vocabulary

/// One host: a configuration file, a state directory, and what is in it. It goes with its owner.
public final class HostDirectory: Sendable {
    private let folder: TemporaryFolder
    public var path: String { folder.path }

    public init() throws { folder = try TemporaryFolder("opamp-host") }

    public var configuration: String { path + "/agent.yaml" }
    public var state: String { path + "/state" }

    /// - Parameter extra: more of the file, at its top level.
    public func configure(for opampServer: ScriptedOpAMPServer, scheme: String = "wss", extra: String = "") throws {
        try write(opampServer.authority.certificate.pem, to: "ca.pem")
        try write(
            """
            server:
              endpoint: \(try opampServer.endpoint(scheme))
              heartbeat_interval: 1s
              tls:
                ca_file: \(path)/ca.pem
            storage:
              directory: \(state)
            \(extra)

            """, to: "agent.yaml")
    }

    public func write(_ text: String, to name: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
    }

    public func bytes(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(state)/\(name)").map(Array.init)
    }

    public func text(_ name: String) -> String? { bytes(name).map { String(decoding: $0, as: UTF8.self) } }

    public var configurationText: String? {
        FileManager.default.contents(atPath: configuration).map { String(decoding: $0, as: UTF8.self) }
    }

    public var uid: InstanceUID? {
        text("identity").flatMap { InstanceUID($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
    public var leaf: Certificate? { text("leaf.pem").flatMap { try? Certificate(pem: $0) } }

    /// Takes the state of another host over, as a copied disk would.
    public func copyState(of other: HostDirectory) throws {
        try? FileManager.default.removeItem(atPath: state)
        try FileManager.default.copyItem(atPath: other.state, toPath: state)
    }

    public func enrol(token: String = "opamp-bt.canary-bootstrap", crashAt: String? = nil) async throws
        -> AgentProcess.End
    {
        try write(token + "\n", to: "token")
        return try await AgentProcess.run(
            ["enroll", "--config", configuration, "--token-file", path + "/token"], crashAt: crashAt)
    }

    public func run(crashAt: String? = nil) throws -> AgentProcess {
        try AgentProcess(["run", "--config", configuration], crashAt: crashAt)
    }

    /// Runs an enrolled agent until the target has heard that it adopted the handover, and ends it.
    public func handOver(from source: ScriptedOpAMPServer, to target: ScriptedOpAMPServer) async throws {
        guard let leaf, let uid else { throw NotEnrolled() }
        source.offer(try source.handover(of: leaf, uid: uid, to: target))
        let agent = try run()
        guard await eventually({ target.settingsStatuses.contains { $0.status == .applied } }) else {
            throw NotAdopted(log: agent.log)
        }
        agent.send(SIGTERM)
        _ = await agent.end()
        // The server may note the agent's last message after the agent has ended.
        _ = await eventually { target.heard.last?.message.agentDisconnect == true }
    }

    public struct NotEnrolled: Error {}
    public struct NotAdopted: Error { public let log: String }

    /// `status --json`.
    public func status() async throws -> JSON {
        let end = try await AgentProcess.run(["status", "--config", configuration, "--json"])
        return try JSON(reading: Array(end.output.utf8))
    }
}
