import BareClient
import Drill
import Foundation
import HostSystem

/// A server of a pair that is killed and started again on its port, by somebody else than the pair.
@MainActor final class RestartedServer {
    private(set) var restarts = 0
    private var processID: Int32
    private var process: ChildProcess?
    private let program: URL
    private let arguments: [String]
    private let log: URL

    /// - Parameter world: the folder of the servers.
    init(_ server: ServerProcess, programs: Programs, in world: URL) throws {
        guard let port = server.port, let processID = server.processID else {
            throw BenchFailure.notRunning(server.label)
        }
        self.processID = processID
        program = programs.server
        log = world.appending(path: "logs/\(server.name)-restarted.log")
        arguments = [
            "serve", "--data-dir", world.appending(path: server.name).path, "--name", server.name, "--listen",
            "127.0.0.1:\(port)",
        ]
    }

    /// SIGKILL, and a new process on the same data; it does not wait until that serves.
    @discardableResult
    func restart() throws -> Int32 {
        if let process { process.send(SIGKILL) } else { ProcessCost.kill(processID) }
        while isAlive { Thread.sleep(forTimeInterval: 0.005) }
        restarts += 1
        let process = try ChildProcess(program.path, arguments, output: .file(log.path), errors: .file(log.path))
        self.process = process
        processID = process.processID
        return processID
    }

    /// A killed process holds its lock until its last thread is gone; who has started it may hear of it later.
    private var isAlive: Bool {
        if let process { return process.isRunning }
        let folder = "/proc/\(processID)"
        guard let stat = try? String(contentsOfFile: folder + "/stat", encoding: .utf8) else { return false }
        let state = stat.split(separator: ")").last?.split(separator: " ").first
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/task").count) ?? 0
        return state != "Z" || threads > 1
    }

    func end() async {
        process?.send(SIGTERM)
        await process?.ended()
    }
}
