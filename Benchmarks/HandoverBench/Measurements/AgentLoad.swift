import BareClient
import Certificates
import Foundation
import ScriptedOpAMPServer
import TestPKI

/// What agents cost that have something to say. They share one loop in a process of their own.
extension Bench {
    func measurePolls() async throws {
        try await withHosted("polls", some(100), pollSeconds: 1) { agents, server in
            for _ in 0..<3 {
                let cpu = try ProcessCost.cpu(of: agents.processID)
                let polls = server.heard.count
                try await Task.sleep(for: .seconds(10))
                let cost = try ProcessCost.cpu(of: agents.processID) - cpu
                report.add(.agentPollCPU, [cost / 1000 / Double(server.heard.count - polls)])
                report.add(.agentPollConnections, [Double(server.connectionCount)])
                report.add(.barePollClientCPU, [try await barePollCPU(some(100), polls: 10)])
            }
        }
    }

    /// Milliseconds of the thread that drives the connections.
    private func barePollCPU(_ count: Int, polls: Int) async throws -> Double {
        let (loadTarget, agents) = (bare.loadTarget, Array(bare.agents.prefix(count)))
        return try await onThread {
            let load = try Load(loadTarget)
            let lines = try load.join(agents, over: .poll, atOnce: 20)
            let before = ProcessCost.ownThread()
            _ = try load.exchange(polls, on: lines)
            let cost = (ProcessCost.ownThread() - before) / 1000 / Double(polls * lines.count)
            load.close(lines)
            return cost
        }
    }

    /// What the host program itself needs to wait a millisecond and to say the next thing is counted too.
    func measureHealth() async throws {
        try await withHosted("health", 1) { agents, _ in
            for _ in 0..<3 {
                let before = try ProcessCost.cpu(of: agents.processID)
                try await agents.changeHealth(some(10_000))
                report.add(.healthCPU, [(try ProcessCost.cpu(of: agents.processID) - before) / 1e6])
            }
        }
    }

    /// Agents of one process, and what that process holds for them.
    func measureMany() async throws {
        try await withHosted("many", some(1_000)) { agents, _ in
            // What enrolment needed is given back, and the presence files are written.
            try await Task.sleep(for: .seconds(10))
            let status = try ProcessStatus(of: agents.processID)
            let count = Double(agents.names.count)
            report.add(.manyThreads, [status.threads])
            report.add(.manyDescriptors, [status.descriptors / count])
            report.add(.manyMemory, [status.resident * 1e6 / 1024 / count])
        }
    }

    private func withHosted(
        _ name: String, _ count: Int, pollSeconds: Int? = nil,
        _ body: (HostedAgents, ScriptedOpAMPServer) async throws -> Void
    ) async throws {
        let server = try await ScriptedOpAMPServer.start(name, heartbeatSeconds: UInt64(pollSeconds ?? 30))
        defer { server.stop() }
        let agents = try hostedAgents(count, in: name, at: server, pollSeconds: pollSeconds)
        do {
            try await agents.waitUntilAtWork()
            try await body(agents, server)
        } catch {
            await agents.end()
            throw error
        }
        await agents.end()
    }

    func hostedAgents(
        _ count: Int, in name: String, at server: ScriptedOpAMPServer, pollSeconds: Int? = nil
    ) throws -> HostedAgents {
        try HostedAgents(
            [String](repeating: "opamp-bt.bench", count: count), in: folder.appending(path: name),
            programs: agentPrograms, port: server.port, authorities: server.authority.certificate.pem,
            pollSeconds: pollSeconds)
    }
}
