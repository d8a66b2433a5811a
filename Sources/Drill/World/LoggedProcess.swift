import Foundation
import Glibc
import HostSystem

/// One process of the world, its output appended to a log file.
///
/// A child has a process group of its own, so that Ctrl-C reaches the drill only, which then ends its children in order.
@MainActor final class LoggedProcess {
    let name: String
    let log: URL
    private let process: ChildProcess
    private let logStart: UInt64

    init(
        _ name: String,
        program: URL,
        arguments: [String],
        environment: [String: String] = [:],
        log: URL,
        errors: URL? = nil
    ) throws {
        self.name = name
        self.log = log
        logStart = (try? FileHandle(forReadingFrom: log).seekToEnd()) ?? 0
        process = try ChildProcess(
            program.path, arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { _, own in own },
            output: .file(log.path), errors: .file((errors ?? log).path))
    }

    var isRunning: Bool { process.isRunning }
    var processID: Int32 { process.processID }
    /// nil while it runs.
    var ending: ProcessEnd? { process.end }

    func send(_ signal: Int32) { process.send(signal) }

    /// What this process has written so far; earlier lives of the same name wrote to the same file before it.
    var output: String {
        guard let handle = try? FileHandle(forReadingFrom: log) else { return "" }
        defer { try? handle.close() }
        try? handle.seek(toOffset: logStart)
        return String(decoding: (try? handle.readToEnd()) ?? Data(), as: UTF8.self)
    }

    var lastLines: [String] { output.split(separator: "\n").suffix(5).map(String.init) }

    /// Waits for the end; nil when the process is still there after `limit`.
    @discardableResult
    func ended(within limit: Duration) async -> ProcessEnd? {
        let deadline = ContinuousClock.now + limit
        while process.isRunning, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(5))
        }
        return ending
    }

    /// SIGTERM, and SIGKILL to one that does not listen.
    func terminate(within limit: Duration = .seconds(10)) async -> ProcessEnd? {
        send(SIGTERM)
        if let ending = await ended(within: limit) { return ending }
        await kill()
        return nil
    }

    func kill() async {
        send(SIGKILL)
        await ended(within: .seconds(5))
    }

    /// The first line of output that contains `text`.
    func line(containing text: String, within limit: Duration) async throws -> String {
        let deadline = ContinuousClock.now + limit
        while true {
            let written = output
            if let line = written.split(separator: "\n").dropLast(written.hasSuffix("\n") ? 0 : 1)
                .first(where: { $0.contains(text) })
            {
                return String(line)
            }
            if let ending {
                throw WorldFailure.processEnded(name: name, how: "\(ending)", lastLines: lastLines)
            }
            guard ContinuousClock.now < deadline else {
                throw UnmetExpectation(
                    "\(name) writes \"\(text)\" within \(limit)", seen: lastLines.last ?? "no output")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension LoggedProcess {
    /// Runs a command to its end and answers with what it wrote to standard output.
    ///
    /// - Throws: `CancellationError`, `WorldFailure.commandFailed` unless it exits with 0. Both outputs stay in `logs`, because what a command
    ///   says on failure must not hold a secret either.
    static func run(_ name: String, program: URL, _ arguments: [String], logs: URL) async throws -> String {
        let errors = logs.appending(path: "\(name).stderr.log")
        let child = try LoggedProcess(
            name, program: program, arguments: arguments, log: logs.appending(path: "\(name).stdout.log"),
            errors: errors)
        let ending = await child.ended(within: .seconds(30))
        if ending == nil { await child.kill() }
        // An interrupted drill also ends its waiting, which is no failure of the command.
        try Task.checkCancellation()
        guard ending == .exited(status: 0) else {
            let said = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
            throw WorldFailure.commandFailed(
                command: ([program.lastPathComponent] + arguments).joined(separator: " "),
                how: ending.map { "\($0)" } ?? "did not end within 30 s",
                output: (said + child.output).split(separator: "\n").suffix(4).joined(separator: " / "))
        }
        return child.output
    }
}
