import AgentCore
import AgentExtension
import BareClient
import Drill
import Foundation
import HostSystem
import OpAMPProto

/// What agents of this process cost, and how they come back. The agents share one loop; the server is another process.
extension Bench {
    func measurePolls() async throws {
        let ownID = ProcessInfo.processInfo.processIdentifier
        try await withFleet("polls", some(100), pollSeconds: 1) { fleet, _, _ in
            for _ in 0..<3 {
                report.add(.barePollClientCPU, [try await barePollCPU(some(100), polls: 10)])
                // The agents poll all the while; what they cost during the yardstick is not counted here.
                let before = try ProcessCost.cpu(of: ownID)
                try await Task.sleep(for: .seconds(10))
                let each = (try ProcessCost.cpu(of: ownID) - before) / 1000 / Double(10 * fleet.members.count)
                report.add(.agentPollCPU, [each])
            }
        }
    }

    /// Milliseconds of this process's CPU time, of the thread that drives the connections alone.
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

    /// A real `opamp-agent`, enrolled and with nothing to do.
    func measureIdle() async throws {
        try await withFleet("idle", 1) { fleet, _, world in
            let name = fleet.members[0].name
            await fleet.end()
            let file = world.appending(path: "agent.yaml")
            try fleet.configurationText(of: name).write(to: file, atomically: true, encoding: .utf8)
            let log = world.appending(path: "agent.log").path
            let process = try ChildProcess(
                programs.agent.path, ["run", "--config", file.path], output: .file(log), errors: .file(log))
            do {
                try await Task.sleep(for: .seconds(15))
                for _ in 0..<3 {
                    let seconds = isQuick ? 10 : 40
                    let before = try ProcessStatus(of: process.processID)
                    try await Task.sleep(for: .seconds(seconds))
                    let now = try ProcessStatus(of: process.processID)
                    report.add(.idleWakeUps, [(now.wakeUps - before.wakeUps) / Double(seconds)])
                    report.add(.idleResident, [now.resident])
                    report.add(.idleAnonymous, [now.anonymous])
                }
            } catch {
                process.send(SIGTERM)
                await process.ended()
                throw error
            }
            process.send(SIGTERM)
            await process.ended()
        }
    }

    func measureHealth() async throws {
        let ownID = ProcessInfo.processInfo.processIdentifier
        try await withFleet("health", 1) { fleet, _, _ in
            let agent = fleet.members[0].agent
            for _ in 0..<3 {
                let before = try ProcessCost.cpu(of: ownID)
                for number in 0..<some(10_000) {
                    await agent.setHealth(ComponentHealth(healthy: true, status: "state \(number)"))
                    usleep(1000)
                }
                report.add(.healthCPU, [(try ProcessCost.cpu(of: ownID) - before) / 1e6])
            }
        }
    }

    func measureRestart() async throws {
        try await withFleet("restart", some(200)) { fleet, pair, world in
            let server = try RestartedServer(pair.eu, programs: programs, in: world)
            do {
                for _ in 0..<(isQuick ? 1 : 3) {
                    // A session that lasted proves the server stable; the first wait is the shortest then.
                    try await Task.sleep(for: .seconds(12))
                    for member in fleet.members { member.logbook.forget() }
                    let start = ProcessCost.wallClock()
                    try server.restart()
                    let areBack = try await Course(eu: pair.eu, us: pair.us).wait(
                        within: .seconds(120), every: .milliseconds(50)
                    ) {
                        fleet.members.allSatisfy { $0.logbook.all.contains { $0.event == .online } }
                    }
                    guard areBack else { throw BenchFailure.notRunning(pair.eu.label) }
                    let marks = fleet.members.map { $0.logbook.all }
                    let back = marks.compactMap { $0.first { $0.event == .online }?.written }.max() ?? start
                    let dials = marks.joined().filter { $0.event == .dialing }.map { Int(($0.written - start) / 1000) }
                    let most = Dictionary(grouping: dials) { $0 }.values.map(\.count).max() ?? 0
                    report.add(.restartBack, [(back - start) / 1000])
                    report.add(.restartDials, [Double(most)])
                }
                await server.end()
            } catch {
                await server.end()
                throw error
            }
        }
    }

    private func withFleet(
        _ name: String, _ count: Int, pollSeconds: Int? = nil,
        _ body: (Fleet, FederatedPair, _ world: URL) async throws -> Void
    ) async throws {
        try await withPair(name) { pair, world in
            let loops = try AgentLoops()
            let fleet = try Fleet(
                in: world.appending(path: "agents"), home: pair.eu, on: loops, pollSeconds: pollSeconds)
            do {
                try await fleet.grow(to: count)
                try await body(fleet, pair, world)
            } catch {
                await fleet.end()
                throw error
            }
            await fleet.end()
            loops.shutDown()
        }
    }
}

/// What the kernel tells about another process.
private struct ProcessStatus {
    /// MB.
    var resident: Double
    var anonymous: Double
    /// How often its threads have waited and gone on, since they began.
    var wakeUps: Double

    init(of process: Int32) throws {
        let folder = "/proc/\(process)"
        func value(_ name: String, in file: String) throws -> Double {
            let status = try String(contentsOfFile: file, encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            guard
                let value = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) })
            else { throw BenchFailure.unreadable(file) }
            return value
        }
        resident = try value("VmRSS", in: "\(folder)/status") * 1024 / 1e6
        anonymous = try value("RssAnon", in: "\(folder)/status") * 1024 / 1e6
        wakeUps = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/task").reduce(0) { sum, thread in
            sum + (try value("voluntary_ctxt_switches", in: "\(folder)/task/\(thread)/status"))
        }
    }
}
