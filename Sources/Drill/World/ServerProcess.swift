import Foundation
import Glibc
import HostSystem
package import OperatorClient
package import ServerAPI
import Synchronization
import Vocabulary

/// One `mini-server serve` and its operator.
@MainActor package final class ServerProcess {
    /// What the server is called by itself and by its peers, for example `eu-region`.
    package let name: String
    /// What the drill calls it, for example `EU`.
    package let label: String
    let directory: URL
    let logs: URL
    private let program: URL
    private var child: LoggedProcess?
    package private(set) var port: Int?
    private var operatorClient: OperatorClient?
    private let overheard = ErrorTexts()
    package private(set) var authorities = ""
    /// What may be at the server's address just now.
    private var trusted = ""
    /// What agents and peers connect to instead of the server itself; set before the first start.
    var balancer: Balancer?
    /// How often it was put back to what a backup knows.
    private(set) var restores = 0

    init(_ label: String, name: String, program: URL, in world: URL, logs: URL) {
        self.label = label
        self.name = name
        self.program = program
        self.logs = logs
        directory = world.appending(path: name)
    }

    var log: URL { logs.appending(path: "\(name).log") }
    package var processID: Int32? { child?.processID }
    var isRunning: Bool { child?.isRunning ?? false }
    var ending: ProcessEnd? { child?.ending }
    /// Beside the server's own directory, so that a backup of that is a backup of the server alone.
    var tokenFile: URL { directory.appendingPathExtension("admin-token") }
    var base: String { "https://127.0.0.1:\(port ?? 0)" }
    /// The port to which agents and peers connect.
    var entrancePort: Int { balancer?.port ?? port ?? 0 }
    var entrance: String { "https://127.0.0.1:\(entrancePort)" }
    /// Every answer that was not a success, for the search for secrets in error texts.
    var errorTexts: [String] { overheard.all }

    /// The operator's connection.
    package var api: OperatorClient {
        get throws {
            guard let operatorClient else { throw WorldFailure.notRunning(label) }
            return operatorClient
        }
    }

    /// Starts the server, the first time on a port chosen by the kernel and later on the same one.
    ///
    /// - Parameters:
    ///   - options: further arguments of `serve`.
    ///   - trusting: PEM the operator trusts beside the server's own CA.
    ///   - crashPoint: where the process kills itself (debug builds), as `OPAMP_CRASH_AT` names it.
    func start(
        _ options: [String] = [], trusting extraAuthority: String = "", crashingAt crashPoint: String? = nil
    ) async throws {
        let isFirst = port == nil
        var arguments = ["serve", "--data-dir", directory.path, "--name", name, "--listen", "127.0.0.1:\(port ?? 0)"]
        if isFirst { arguments += ["--write-admin-token", tokenFile.path] }
        if let balancer { arguments += ["--public-endpoint", "wss://127.0.0.1:\(balancer.port)/v1/opamp"] }
        let child = try LoggedProcess(
            name, program: program, arguments: arguments + options,
            environment: crashPoint.map { ["OPAMP_CRASH_AT": $0] } ?? [:], log: log)
        self.child = child
        let line = try await child.line(containing: "listening on https://", within: .seconds(30))
        guard let digits = line.split(separator: ":").last?.prefix(while: \.isNumber), let number = Int(digits) else {
            throw WorldFailure.unreadable(what: "the port of \(label)", why: line)
        }
        port = number
        balancer?.lead(to: number)
        if isFirst { authorities = try await command("ca", "bundle") }
        try await connect(trusting: authorities + extraAuthority)
    }

    /// The command line of `mini-server` against this server.
    func command(_ arguments: String...) async throws -> String {
        try await LoggedProcess.run(
            "\(name)-cli", program: program, arguments + ["--context", directory.path], logs: logs)
    }

    var adminToken: Secret {
        get throws {
            let text = try String(contentsOf: tokenFile, encoding: .utf8)
            return Secret(text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    private func connect(trusting authorities: String) async throws {
        trusted = authorities
        let before = operatorClient
        operatorClient = try OperatorClient(
            base: base, token: adminToken, authorities: authorities, hearsRefusal: overheard.add)
        await before?.close()
    }

    func disconnect() async {
        guard let operatorClient else { return }
        await operatorClient.close()
        self.operatorClient = nil
    }

    /// A caller who is not the operator: no token, and a certificate of its own if it has one.
    func stranger(identity: (chain: String, key: Secret)? = nil) throws -> OperatorClient {
        try OperatorClient(
            base: base, token: nil, authorities: trusted, identity: identity, hearsRefusal: overheard.add)
    }

    /// Puts another directory in the place of its own, as an administrator restores a backup; it must not run.
    func restore(from backup: URL) throws {
        restores += 1
        try FileManager.default.removeItem(at: directory)
        try FileManager.default.moveItem(at: backup, to: directory)
    }

    func ended(within limit: Duration) async -> ProcessEnd? { await child?.ended(within: limit) }

    /// Pulls the plug.
    func kill() async {
        await child?.kill()
    }

    /// Asks it to end, as an operator does.
    func stop() async throws {
        guard let child else { return }
        let ending = await child.terminate()
        guard ending == .exited(status: 0) else {
            throw UnmetExpectation(
                "\(label) ends by itself on SIGTERM", seen: ending.map { "it \($0)" } ?? "SIGKILL was needed")
        }
    }

    func tearDown() async {
        await child?.kill()
        await disconnect()
    }
}

extension ServerProcess {
    package func agents() async throws -> [AgentSummary] { try await api.list(OperatorRoutes.agents()) }

    func agent(_ id: AgentID) async throws -> AgentDetail {
        try await api.call(OperatorRoutes.agent("\(id)"))
    }

    /// The agent with this leaf, if there is one; rows of handovers that came to nothing only if there is no other.
    func agent(with fingerprint: Fingerprint) async throws -> AgentSummary? {
        let rows = try await agents().filter { $0.fingerprint == fingerprint }
        return rows.first { $0.presence != .withdrawn } ?? rows.first
    }

    func handovers() async throws -> [HandoverSummary] { try await api.list(OperatorRoutes.handovers()) }

    func handover(_ id: HandoverID) async throws -> HandoverDetail {
        try await api.call(OperatorRoutes.handover("\(id)"))
    }

    func audit() async throws -> [AuditEvent] { try await api.list(OperatorRoutes.auditEvents()) }

    /// - Throws: `UnmetExpectation` when it was restored meanwhile, and what was read belongs to no one state.
    func estate() async throws -> EstateLook {
        let before = restores
        let estate = Estate(
            agents: try await agents(), handovers: try await handovers(),
            peers: try await api.list(OperatorRoutes.peers()), groups: try await api.list(OperatorRoutes.groups()),
            configurations: try await api.list(OperatorRoutes.configurations()))
        guard before == restores else { throw UnmetExpectation("one server", seen: "a restored one") }
        return EstateLook(at: .present, restores: before, estate: estate)
    }

    func ping(_ peer: String) async throws -> PingResult {
        try await api.call(OperatorRoutes.pingPeer(peer))
    }
}

/// Written to by the server's clients, off the main actor.
private final class ErrorTexts: Sendable {
    private let texts = Mutex<[String]>([])

    var all: [String] { texts.withLock { $0 } }

    @Sendable func add(_ text: String) { texts.withLock { $0.append(text) } }
}
