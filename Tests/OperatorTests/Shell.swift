import Foundation
import Glibc
import HostSystem
import TestValues

/// One bash in which an operator types a whole story, in a folder of its own, with our programs on its path.
///
/// What a command says goes into a file: a pipe would stay open for as long as a server that the command has started.
actor Shell {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    let folder: URL
    private let own: TemporaryFolder
    private let bash: ChildProcess
    private var typed = 0

    /// Opens a shell, and ends everything that was started in it: politely, and by force if that takes too long.
    static func open(_ body: (Shell) async throws -> Void) async throws {
        let shell = try Shell()
        do {
            // Should the test end without a word, what was started ends too.
            try await shell.enter("set -eo pipefail; trap '' XFSZ; trap 'jobs -p | xargs -r kill' EXIT")
            try await body(shell)
            try await shell.leave()
        } catch {
            await shell.abandon()
            throw error
        }
    }

    private init() throws {
        own = try TemporaryFolder("operator")
        folder = own.url
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var environment = ProcessInfo.processInfo.environment
        let path = environment["PATH"] ?? "/usr/bin:/bin"
        environment["PATH"] = "\(URL(filePath: program).deletingLastPathComponent().path):\(path)"
        for name in ["MINI_SERVER_URL", "MINI_SERVER_CA", "MINI_SERVER_TOKEN"] { environment[name] = nil }
        bash = try ChildProcess(
            "/bin/bash", ["--norc", "--noprofile"], environment: environment, folder: folder.path, input: .pipe,
            output: .null, errors: .null)
    }

    private func enter(_ line: String) async throws { try await bash.input.write(Array((line + "\n").utf8)) }

    /// Types this and waits until the prompt is back. The first command of it that fails ends the story.
    ///
    /// - Returns: everything it said.
    @discardableResult
    func type(_ text: String) async throws -> String {
        let (status, output) = try await run(text, failing: false)
        guard status == "0" else { throw Failed(description: "\(text)\nended with \(status):\n\(output)") }
        return output
    }

    /// Types one command that is to be refused.
    func refused(_ command: String) async throws -> String {
        let (status, output) = try await run(command, failing: true)
        guard status != "0" else { throw Failed(description: "\(command)\nwas not refused:\n\(output)") }
        return output
    }

    /// One command's answer as a program reads it.
    func json<Answer: Decodable & Sendable>(
        _ command: String, as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        let text = try await self.type("\(command) --json")
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
        } catch {
            throw Failed(description: "\(command) --json says \(text): \(error)")
        }
    }

    private func run(_ text: String, failing: Bool) async throws -> (status: String, output: String) {
        typed += 1
        let name = ".typed-\(typed)"
        try write(text + "\n", to: name)
        let source = ". ./\(name) > \(name).said 2>&1 < /dev/null"
        let end = "jobs -p > .jobs; echo $status > \(name).new; mv \(name).new \(name).status"
        try await enter(
            failing
                ? "if \(source); then status=0; else status=$?; fi; \(end)"
                : "status=error; trap '\(end); jobs -p | xargs -r kill' EXIT; \(source); status=0; \(end)")
        let deadline = ContinuousClock.now + .seconds(60)
        while (try? read("\(name).status")) == nil, bash.isRunning, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        let said = (try? read("\(name).said")) ?? ""
        guard let status = try? read("\(name).status") else {
            throw Failed(description: "\(text)\ndid not come back:\n\(said)")
        }
        return (status.trimmingCharacters(in: .whitespacesAndNewlines), said)
    }

    func read(_ file: String) throws -> String { try String(contentsOf: folder.appending(path: file), encoding: .utf8) }

    func write(_ text: String, to file: String) throws {
        let url = folder.appending(path: file)
        try Data(text.utf8).write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
    }

    /// Ends what is still running as an operator does; servers and agents leave with status 0.
    private func leave() async throws {
        try await self.type("for job in $(jobs -p); do kill $job; wait $job; done")
        await abandon()
    }

    /// The folder goes with this shell, so nothing that writes into it may outlive it.
    private func abandon() async {
        let jobs = (try? read(".jobs"))?.split(separator: "\n").compactMap { Int32($0) } ?? []
        bash.send(SIGTERM)
        for job in jobs { kill(job, SIGKILL) }
        _ = await bash.ended()
        let deadline = ContinuousClock.now + .seconds(5)
        while jobs.contains(where: { kill($0, 0) == 0 }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}
