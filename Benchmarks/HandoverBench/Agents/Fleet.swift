import AgentCore
import AgentExtension
import Drill
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

/// Agents that live in this process, each with a state directory and a leaf of its own.
@MainActor final class Fleet {
    struct Member: Sendable {
        var name: String
        var agent: AgentExtension
        var logbook: Logbook
        var leaf: Fingerprint
    }

    let gate = Gate()
    private(set) var members: [Member] = []
    private let directory: URL
    private let home: ServerProcess
    private let authorities: URL

    /// - Parameter home: where they enrol.
    init(in directory: URL, home: ServerProcess) throws {
        self.directory = directory
        self.home = home
        authorities = directory.appending(path: "server-ca.pem")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try home.authorities.write(to: authorities, atomically: true, encoding: .utf8)
    }

    /// Enrols as many as are missing, some at a time.
    func grow(to count: Int) async throws {
        let names = (members.count..<max(members.count, count)).map { "agent-\($0 + 1)" }
        members += try await together(names) { [self] in try await enrol($0) }
    }

    func end() async {
        gate.open()
        await withTaskGroup { group in
            for member in members { group.addTask { await member.agent.stop() } }
        }
    }

    private func enrol(_ name: String) async throws -> Member {
        let token = try await home.api.call(
            OperatorRoutes.createBootstrapToken(), sending: BootstrapTokenRequest(ttlSeconds: 3600))
        let file = AgentFile(
            name: name, port: home.port ?? 0, authorities: authorities.path,
            storage: directory.appending(path: name).path)
        var configuration = try HostConfiguration(yaml: Array(file.text.utf8))
        configuration.bootstrapToken = Secret(token.text)
        // It moves more often in a minute than an agent should in a day.
        configuration.policy.adoptionLimit = 10_000
        configuration.policy.attemptLimit = 10_000
        let logbook = Logbook(gate: gate)
        let agent = try AgentExtension.start(configuration, log: logbook.log)
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let snapshot = await agent.snapshot
            if let leaf = snapshot.leaf, snapshot.contact == .online, !snapshot.isMoving {
                return Member(name: name, agent: agent, logbook: logbook, leaf: leaf)
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        let last = logbook.all.last
        await agent.stop()
        throw BenchFailure.notEnrolled(name, last: "\(last?.event.rawValue ?? "nothing") \(last?.reason ?? "")")
    }
}
