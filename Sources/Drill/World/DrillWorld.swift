import Foundation
import HostSystem
import Vocabulary

/// A directory with servers and agents in it, all of them real processes on 127.0.0.1.
@MainActor final class DrillWorld {
    let directory: URL
    let programs: Programs
    let transport: AgentProcess.Transport
    private(set) var servers: [ServerProcess] = []
    private(set) var agents: [AgentProcess] = []
    private var balancers: [Balancer] = []
    var canaries = Canaries()

    /// - Parameter directory: is created if it is not there; nobody else may use it.
    init(directory: URL, programs: Programs, transport: AgentProcess.Transport) throws {
        self.directory = directory.absoluteURL
        self.programs = programs
        self.transport = transport
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
    }

    var logs: URL { directory.appending(path: "logs") }

    /// - Parameter label: what the drill calls it; its name is `<label>-region` in lower case.
    func addServer(_ label: String) -> ServerProcess {
        let server = ServerProcess(
            label, name: "\(label.lowercased())-region", program: programs.server, in: directory, logs: logs)
        servers.append(server)
        return server
    }

    /// A balancer that passes TCP on, in front of a server that has not started yet.
    func addBalancer(to server: ServerProcess) async throws {
        let balancer = try await Balancer.start()
        balancers.append(balancer)
        server.balancer = balancer
    }

    /// - Parameter transport: the world's own when absent.
    func addAgent(_ name: String, over transport: AgentProcess.Transport? = nil) -> AgentProcess {
        let agent = AgentProcess(
            name, transport: transport ?? self.transport, program: programs.agent, in: directory, logs: logs)
        agents.append(agent)
        return agent
    }

    /// The operator goes home; the processes stay, and none of them frozen, since those do not even end.
    func leave() async {
        for agent in agents { agent.thaw() }
        for server in servers { await server.disconnect() }
    }

    /// Ends every process; nothing outlives a drill that was not asked to stay.
    func tearDown() async {
        for agent in agents { await agent.tearDown() }
        for server in servers { await server.tearDown() }
        for balancer in balancers { balancer.stop() }
    }

    /// Removes keys, tokens and databases; the logs stay for the readers of the report.
    func removeState() {
        let entries = try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        for entry in entries ?? [] where entry.lastPathComponent != logs.lastPathComponent {
            try? FileManager.default.removeItem(at: entry)
        }
    }

    var logFiles: [URL] {
        let found = try? FileManager.default.contentsOfDirectory(at: logs, includingPropertiesForKeys: nil)
        return (found ?? []).sorted { $0.path < $1.path }
    }

    /// Processes that are no longer there, but for those that ended well.
    var endings: [String] {
        (servers.map { ($0.label, $0.ending) } + agents.map { ($0.name, $0.ending) })
            .compactMap { name, ending in ending.flatMap { $0 == .exited(status: 0) ? nil : "\(name) \($0)" } }
    }

    /// The logs of the processes themselves, without those of single commands.
    var processLogs: [URL] {
        (servers.map(\.log) + agents.map(\.log)).filter { logFiles.map(\.path).contains($0.path) }
    }

    /// How a person looks at what was left running, as commands to paste.
    var inspectionCommands: [String] {
        let server = programs.server.path
        let agent = programs.agent.path
        let forServers = servers.filter(\.isRunning).flatMap { one in
            [
                "# \(one.label): \(one.base), process \(one.processID ?? 0)",
                "\(server) agent list --context \(one.directory.path)",
                "\(server) handover list --context \(one.directory.path)",
                "\(server) audit list --context \(one.directory.path)",
                "tail -f \(one.log.path)",
            ]
        }
        let forAgents = agents.filter { $0.processID != nil }.flatMap { one in
            [
                "# \(one.name), \(one.isRunning ? "process \(one.processID ?? 0)" : "which has ended")",
                "\(agent) status --config \(one.configurationFile.path)",
                "tail -f \(one.log.path)",
            ]
        }
        let processes =
            (servers.filter(\.isRunning).compactMap(\.processID)
            + agents.filter(\.isRunning).compactMap(\.processID)).map(String.init).joined(separator: " ")
        return forServers + forAgents + [
            "# the end of it, which waits for the last one",
            "kill \(processes); while kill -0 \(processes) 2> /dev/null; do sleep 0.1; done; rm -r \(directory.path)",
        ]
    }
}
