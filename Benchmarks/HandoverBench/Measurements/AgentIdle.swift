import BareClient
import Foundation
import HostSystem
import ScriptedOpAMPServer

extension Bench {
    /// A real `opamp-agent`, enrolled and with nothing to do, and the bare session beside it.
    func measureIdle() async throws {
        let server = try await ScriptedOpAMPServer.start("idle", heartbeatSeconds: 30)
        defer { server.stop() }
        let files = try await enrolled("idle", at: server)
        let bareFiles = try bareSessionFiles()
        try await withProgram("opamp-agent", ["run", "--config", files.path]) { agent in
            try await withProgram("bare-session", bareFiles) { session in
                // The presence file and the leave of the connection that enrolled lie behind it then.
                try await Task.sleep(for: .seconds(isQuick ? 3 : 15))
                for _ in 0..<3 {
                    let seconds = isQuick ? 5 : 30
                    let before = try ProcessStatus(of: agent.processID)
                    try await Task.sleep(for: .seconds(seconds))
                    let now = try ProcessStatus(of: agent.processID)
                    report.add(.idleWakeUps, [now.wakeUps(since: before) / Double(seconds)])
                    report.add(.idleResident, [now.resident])
                    report.add(.idleAnonymous, [now.anonymous])
                    let bare = try ProcessStatus(of: session.processID)
                    report.add(.bareSessionResident, [bare.resident])
                    report.add(.bareSessionAnonymous, [bare.anonymous])
                }
            }
        }
    }

    /// An agent enrols in another process, which ends; the file is its configuration.
    private func enrolled(_ name: String, at server: ScriptedOpAMPServer) async throws -> URL {
        let agents = try hostedAgents(1, in: name, at: server)
        do { try await agents.waitUntilAtWork() } catch {
            await agents.end()
            throw error
        }
        await agents.end()
        return folder.appending(path: "\(name)/agent-1.yaml")
    }

    private func bareSessionFiles() throws -> [String] {
        let files = ["ca.pem", "leaf.pem", "leaf.key"].map { folder.appending(path: "bare/session-\($0)").path }
        for (file, text) in zip(files, bare.session) { try text.write(toFile: file, atomically: true, encoding: .utf8) }
        return [String(bare.loadTarget.destination.port)] + files
    }

    private func withProgram(
        _ name: String, _ arguments: [String], _ body: (ChildProcess) async throws -> Void
    ) async throws {
        let log = folder.appending(path: "\(name).log").path
        let process = try ChildProcess(
            agentPrograms.appending(path: name).path, arguments, output: .file(log), errors: .file(log))
        do {
            try await body(process)
            guard process.isRunning else { throw BenchFailure.notRunning(name) }
        } catch {
            process.send(SIGKILL)
            await process.ended()
            throw error
        }
        process.send(SIGTERM)
        await process.ended()
    }

    /// `opamp-agent` as it ships: without the symbols that nobody reads on a host.
    func measureSize() async throws {
        let program = agentPrograms.appending(path: "opamp-agent").path
        let stripped = folder.appending(path: "opamp-agent").path
        let outcome = await ShellCommand.run("strip -o '\(stripped)' '\(program)'", limit: .seconds(60))
        guard outcome.isGood else { throw BenchFailure.unreadable(program) }
        let needed = try ChildProcess("/usr/bin/env", ["readelf", "-d", program], output: .pipe)
        guard !String(decoding: try await needed.output.rest(), as: UTF8.self).contains("libswift") else {
            throw BenchFailure.notSelfContained(program)
        }
        let size = try FileManager.default.attributesOfItem(atPath: stripped)[.size] as? Int ?? 0
        report.add(.agentSize, [Double(size) / 1e6])
    }
}
