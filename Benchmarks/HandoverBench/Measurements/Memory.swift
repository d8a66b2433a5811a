import BareClient
import Drill
import Foundation
import OperatorClient
import ServerAPI

extension Bench {
    /// What connected agents cost in memory, and what is left when they are gone.
    ///
    /// Each number comes from a process that has just been started: whatever enrolment or an earlier crowd left on its
    /// heap would hold the next one for nothing.
    func measureMemory() async throws {
        try await withPair("memory") { pair, world in
            tell("\(some(2000)) agents enrol")
            let agents = try await BulkEnrolment.enrol(some(2000), named: "memory", at: pair.eu)
            let server = try RestartedServer(pair.eu, programs: programs, in: world)
            do {
                for _ in 0..<(isQuick ? 1 : 3) {
                    for (name, count, transport) in Self.memoryFigures {
                        let loadTarget = try await restarted(server, of: pair)
                        let count = some(count)
                        let memory = try await onThread {
                            try Memory(of: agents, count, over: transport, at: loadTarget)
                        }
                        report.add(name, [memory.eachConnected])
                        if name == .memory2000 { report.add(.memoryKept, [memory.kept]) }
                    }
                }
                await server.end()
            } catch {
                await server.end()
                throw error
            }
        }
    }

    private static let memoryFigures: [(Figure.Name, Int, BareConnection.Transport)] = [
        (.memory200, 200, .webSocket), (.pollMemory200, 200, .poll), (.memory2000, 2000, .webSocket),
        (.pollMemory2000, 2000, .poll),
    ]

    private func restarted(_ server: RestartedServer, of pair: FederatedPair) async throws -> LoadTarget {
        var loadTarget = try pair.eu.loadTarget
        loadTarget.processID = try server.restart()
        let serves = try await Course(eu: pair.eu, us: pair.us).wait(every: .milliseconds(50)) {
            (try? await pair.eu.api.text(PublicPaths.live)) != nil
        }
        guard serves else { throw BenchFailure.notRunning(pair.eu.label) }
        return loadTarget
    }
}

private struct Memory: Sendable {
    /// KiB, after a first report and three heartbeats.
    var eachConnected: Double
    /// MB more than before, when all have gone and the server has seen it.
    var kept: Double

    init(of agents: [BenchAgent], _ count: Int, over transport: BareConnection.Transport, at loadTarget: LoadTarget)
        throws
    {
        try loadTarget.waitUntilQuiet()
        let load = try Load(loadTarget)
        // Whatever a server allocates once is there before anything counts.
        load.close(try load.join(Array(agents.suffix(10)), over: transport).lines)
        try loadTarget.waitUntilQuiet()
        let before = try loadTarget.memory()
        let lines = try load.join(Array(agents.prefix(count)), over: transport, atOnce: 100)
        _ = try load.exchange(3, on: lines)
        eachConnected = (try loadTarget.memory() - before) / 1024 / Double(count)
        load.close(lines)
        // The server gives back what it does not use 5 to 10 s after a crowd has gone.
        Thread.sleep(forTimeInterval: 12)
        try loadTarget.waitUntilQuiet()
        kept = (try loadTarget.memory() - before) / 1e6
    }
}
