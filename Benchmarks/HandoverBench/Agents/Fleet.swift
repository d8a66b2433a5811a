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
    private let loops: AgentLoops?
    /// Of the agents that poll; `nil` for WebSockets.
    private let pollSeconds: Int?

    /// - Parameters:
    ///   - home: where they enrol.
    ///   - loops: what they share; by default each has a thread of its own.
    init(in directory: URL, home: ServerProcess, on loops: AgentLoops? = nil, pollSeconds: Int? = nil) throws {
        (self.loops, self.pollSeconds) = (loops, pollSeconds)
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
        var configuration = try HostConfiguration(yaml: Array(configurationText(of: name).utf8))
        configuration.bootstrapToken = Secret(token.text)
        // It moves more often in a minute than an agent should in a day.
        configuration.policy.adoptionLimit = 10_000
        configuration.policy.attemptLimit = 10_000
        let logbook = Logbook(gate: gate)
        let agent = try AgentExtension.start(configuration, on: loops, log: logbook.log)
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

    func configurationText(of name: String) -> String {
        """
        server:
          \(pollSeconds == nil ? "ws" : "http"):
            endpoint: \(pollSeconds == nil ? "wss" : "https")://127.0.0.1:\(home.port ?? 0)/v1/opamp
            \(pollSeconds.map { "polling_interval: \($0)s" } ?? "heartbeat_interval: 30s")
            tls:
              ca_file: \(authorities.path)
        agent_description:
          identifying_attributes:
            service.name: \(name)
          non_identifying_attributes:
            os.type: linux
            host.name: \(name).bench.test
        storage:
          directory: \(directory.appending(path: name).path)
        """
    }
}
