import Certificates
import Foundation
import Glibc
import HostSystem
import Vocabulary

/// One `opamp-agent` with its configuration file and state directory.
@MainActor final class AgentProcess {
    /// Over HTTP an agent of a drill polls every second, which is as often as its configuration allows.
    enum Transport: String, Sendable, CaseIterable {
        case ws, http
    }

    let name: String
    let transport: Transport
    let directory: URL
    let logs: URL
    /// Over HTTP.
    var pollingSeconds = 1
    private let program: URL
    private var child: LoggedProcess?
    /// Who it was when it had enrolled.
    private(set) var identityAtEnrolment: AgentIdentity?
    /// Every look at its status, in order.
    private(set) var looks: [AgentLook] = []

    init(_ name: String, transport: Transport, program: URL, in world: URL, logs: URL) {
        self.name = name
        self.transport = transport
        self.program = program
        self.logs = logs
        directory = world.appending(path: name)
    }

    var log: URL { logs.appending(path: "\(name).log") }
    var configurationFile: URL { directory.appending(path: "opamp-agent.yaml") }
    var stateDirectory: URL { directory.appending(path: "state") }
    /// Where the remote configuration lands.
    var sink: URL { directory.appending(path: "effective.yaml") }
    var processID: Int32? { child?.processID }
    var isRunning: Bool { child?.isRunning ?? false }
    var ending: ProcessEnd? { child?.ending }

    /// Writes the configuration file of a host that belongs to `server`.
    ///
    /// - Parameter authority: PEM of the CA above the certificate that it meets there; the server's own CAs when absent.
    func configure(for server: ServerProcess, trusting authority: String? = nil, extra: String = "") throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let authorities = directory.appending(path: "server-ca.pem")
        try (authority ?? server.authorities).write(to: authorities, atomically: true, encoding: .utf8)
        let scheme = transport == .ws ? "wss" : "https"
        let text = """
            server:
              \(transport.rawValue):
                endpoint: \(scheme)://127.0.0.1:\(server.entrancePort)/v1/opamp
                \(transport == .http ? "polling_interval: \(pollingSeconds)s" : "heartbeat_interval: 30s")
                tls:
                  ca_file: \(authorities.path)
            agent_description:
              identifying_attributes:
                service.name: \(name)
                service.namespace: drill
              non_identifying_attributes:
                os.type: linux
                host.name: \(name).drill.test
            storage:
              directory: \(stateDirectory.path)
            config_sink:
              path: \(sink.path)
            \(extra)
            """
        try text.write(to: configurationFile, atomically: true, encoding: .utf8)
    }

    /// Makes the key pair on the host and gets its leaf for a bootstrap token.
    func enrol(with token: Secret) async throws {
        let file = directory.appending(path: "bootstrap-token")
        try token.revealText().write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        _ = try await command("enroll", "--token-file", file.path)
        try FileManager.default.removeItem(at: file)
        identityAtEnrolment = try identity()
    }

    /// The leaf was replaced on purpose: from now on this is who the agent is.
    func acceptNewLeaf(_ identity: AgentIdentity) { identityAtEnrolment = identity }

    /// - Parameter crashPoint: where the process kills itself (debug builds), as `OPAMP_CRASH_AT` names it.
    func start(crashingAt crashPoint: String? = nil) throws {
        child = try LoggedProcess(
            name, program: program, arguments: ["run", "--config", configurationFile.path],
            environment: crashPoint.map { ["OPAMP_CRASH_AT": $0] } ?? [:], log: log)
    }

    /// Asks for another leaf over the same key and dies when the answer is there and nothing of it is saved.
    func renewAndLoseTheAnswer(within limit: Duration = .seconds(30)) async throws -> ProcessEnd? {
        // The first thing that is saved is the start; the second is the candidate that the answer brings.
        let child = try LoggedProcess(
            "\(name)-renew", program: program, arguments: ["enroll", "--renew", "--config", configurationFile.path],
            environment: ["OPAMP_CRASH_AT": "step.decided#2"], log: logs.appending(path: "\(name)-renew.log"))
        let ending = await child.ended(within: limit)
        if ending == nil { await child.kill() }
        return ending
    }

    private var stateBackup: URL { stateDirectory.appendingPathExtension("backup") }

    /// Copies the state directory, as a backup of the host does; the process must not run.
    func backUpState() throws { try FileManager.default.copyItem(at: stateDirectory, to: stateBackup) }

    /// Puts the backup in the place of the state directory; the process must not run.
    func restoreState() throws {
        try FileManager.default.removeItem(at: stateDirectory)
        try FileManager.default.moveItem(at: stateBackup, to: stateDirectory)
    }

    /// A second host with a copy of this one's disk.
    func copyState(to other: AgentProcess) throws {
        try FileManager.default.copyItem(at: stateDirectory, to: other.stateDirectory)
    }

    func command(_ verb: String, _ arguments: String...) async throws -> String {
        try await LoggedProcess.run(
            "\(name)-\(verb)", program: program, [verb, "--config", configurationFile.path] + arguments, logs: logs)
    }

    @discardableResult
    func status() async throws -> AgentStatus {
        let text = try await command("status", "--json")
        do {
            let status = try JSONDecoder().decode(AgentStatus.self, from: Data(text.utf8))
            looks.append(AgentLook(at: .present, status: status))
            return status
        } catch {
            throw WorldFailure.unreadable(what: "the status of \(name)", why: "\(error) in \(text.prefix(400))")
        }
    }

    /// What this life of the process has logged.
    var output: String { child?.output ?? "" }
    /// What all its lives have logged.
    var history: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// What this life of the process has written to files and sockets, by the kernel's count (proc(5), `io`).
    var bytesWritten: Int? {
        guard let process = processID, let text = try? String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)
        else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("wchar: ") }.flatMap { Int($0.dropFirst(7)) }
    }

    /// Stops the process between two instructions; its connections stay, what is sent to it waits in the socket.
    func freeze() { child?.send(SIGSTOP) }
    func thaw() { child?.send(SIGCONT) }

    func kill() async { await child?.kill() }

    func stop() async throws {
        guard let child else { return }
        let ending = await child.terminate()
        guard ending == .exited(status: 0) else {
            throw UnmetExpectation(
                "\(name) ends by itself on SIGTERM", seen: ending.map { "it \($0)" } ?? "SIGKILL was needed")
        }
    }

    func ended(within limit: Duration) async -> ProcessEnd? { await child?.ended(within: limit) }

    func tearDown() async {
        thaw()
        await child?.kill()
    }
}

/// What `opamp-agent status --json` says, as far as a drill needs it.
struct AgentStatus: Codable, Hashable, Sendable {
    struct Connection: Codable, Hashable, Sendable {
        var endpoint: String
    }

    /// The answer to one offer, for good.
    struct Verdict: Codable, Hashable, Sendable {
        var offer: String?
        var status: String

        enum CodingKeys: String, CodingKey {
            case offer = "offer_hash"
            case status
        }
    }

    var instanceUID: InstanceUID
    var active: Connection
    var candidate: Connection?
    var previous: Connection?
    var epoch: Epoch
    /// Of the last offers.
    var verdicts: [Verdict] = []

    enum CodingKeys: String, CodingKey {
        case instanceUID = "instance_uid"
        case active, candidate, previous, epoch, verdicts
    }
}

/// What an agent's host has shown, and by when.
struct AgentLook: Hashable, Sendable {
    var at: Timestamp
    var status: AgentStatus
}

/// What makes an agent the one it is, read from its state directory.
struct AgentIdentity: Hashable, Sendable {
    let instanceUID: InstanceUID
    let leaf: Certificate
    let leafBytes: [UInt8]
    let keyBytes: [UInt8]

    /// SHA-256 over the key file, to be shown and compared; it tells nothing about the key.
    var keyDigest: String { Hex.encode(Digest.sha256(keyBytes)) }
}

extension AgentProcess {
    func identity() throws -> AgentIdentity {
        let leafBytes = try bytes("leaf.pem")
        let text = String(decoding: try bytes("identity"), as: UTF8.self)
        guard let uid = InstanceUID(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw WorldFailure.unreadable(what: "the identity file of \(name)", why: "it says \(text.prefix(60))")
        }
        let chain = try CertificateBundle(pem: String(decoding: leafBytes, as: UTF8.self))
        return AgentIdentity(
            instanceUID: uid, leaf: chain.certificates[0], leafBytes: leafBytes, keyBytes: try bytes("leaf.key"))
    }

    private func bytes(_ file: String) throws -> [UInt8] {
        do {
            return Array(try Data(contentsOf: stateDirectory.appending(path: file)))
        } catch {
            throw WorldFailure.unreadable(what: "\(file) of \(name)", why: error.localizedDescription)
        }
    }
}
