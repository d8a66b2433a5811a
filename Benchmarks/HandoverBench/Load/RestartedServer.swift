import BareClient
import Drill
import Foundation

/// A server of a pair that is killed and started again on its port, by somebody else than the pair.
@MainActor final class RestartedServer {
    private(set) var restarts = 0
    private var processID: Int32
    private var process: Process?
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
        ProcessCost.kill(processID)
        process?.waitUntilExit()
        while isAlive { Thread.sleep(forTimeInterval: 0.005) }
        restarts += 1
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        self.process = process
        processID = process.processIdentifier
        return processID
    }

    /// A killed process holds its lock until its last thread is gone; who has started it may hear of it later.
    private var isAlive: Bool {
        let folder = "/proc/\(processID)"
        guard let stat = try? String(contentsOfFile: folder + "/stat", encoding: .utf8) else { return false }
        let state = stat.split(separator: ")").last?.split(separator: " ").first
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/task").count) ?? 0
        return state != "Z" || threads > 1
    }

    func end() {
        process?.terminate()
        process?.waitUntilExit()
    }
}
