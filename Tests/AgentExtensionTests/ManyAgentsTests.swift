import AgentCore
import AgentExtension
import Certificates
import Foundation
import Glibc
import ScriptedOpAMPServer
import Testing
import Vocabulary

/// Many agents of one process. Each test runs in a process of its own, where only its agents open descriptors and threads.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ManyAgentsTests {
    /// Half of them find a server that closed its port, and dial it again and again.
    @Test func `200 agents share one loop: four threads, three descriptors each, a key and synced saves each`()
        async throws
    {
        await #expect(processExitsWith: .success) {
            let server = try await ScriptedOpAMPServer.start("here")
            let gone = try await ScriptedOpAMPServer.start("gone")
            let hosts = try (0..<200).map { _ in try HostDirectory() }
            for (index, host) in hosts.enumerated() { try host.configure(for: index % 2 == 0 ? server : gone) }
            gone.stop()
            try #require(await eventually { gone.openConnectionCount == 0 })
            // The server's own threads are there; so is every thread that tasks run on.
            await makeEveryTaskThread()
            let (threads, descriptors) = (count("task"), count("fd"))
            let loops = try AgentLoops()
            var agents: [AgentExtension] = []
            var most = 0
            for host in hosts {
                var configuration = try HostConfiguration(file: host.configuration)
                configuration.bootstrapToken = Secret("opamp-bt.canary-bootstrap")
                agents.append(try AgentExtension.start(configuration, on: loops, log: AgentLog { _ in }))
                most = max(most, count("task"))
            }
            // Enrolled, and back with the new leaf.
            try #require(
                await eventually(within: .seconds(120)) {
                    most = max(most, count("task"))
                    return Set(server.heard.compactMap(\.leaf)).count == 100
                })
            try #require(Set(hosts.compactMap { $0.leaf?.fingerprint }) == Set(server.heard.compactMap(\.leaf)))
            try #require(most - threads <= 4)
            // The far end of each of the 100 connections is the server's.
            try #require(
                await eventually { count("fd") - descriptors <= 3 * agents.count + 100 + 20 })
            let keys = Set(hosts.compactMap { $0.text("leaf.key") })
            try #require(keys.count == hosts.count)
            for agent in agents { await agent.stop() }
            agents = []
            // What an agent held is free at once, and nothing is left of it on the loop.
            let again = try AgentExtension.start(
                try HostConfiguration(file: hosts[0].configuration), on: loops, log: AgentLog { _ in })
            await again.stop()
            loops.shutDown()
            try #require(await eventually { count("task") <= threads })
            server.stop()
        }
    }
}

/// Of this process: its threads (`task`) or descriptors (`fd`).
private func count(_ folder: String) -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(folder)").count) ?? 0
}

/// As many threads as tasks ever get, which is one for each processor.
private func makeEveryTaskThread() async {
    await withTaskGroup { group in
        for _ in 0..<(4 * ProcessInfo.processInfo.activeProcessorCount) { group.addTask { usleep(20_000) } }
    }
}
