import AgentCore
import AgentExtension
import Foundation
import HostSystem
import Synchronization
import Vocabulary

/// Agents in a process of their own, the program `hosted-agent`, with what it tells of them.
@MainActor final class HostedAgents {
    struct News: Sendable {
        /// Of the wall clock.
        var at: Timestamp
        var event: AgentLogEvent
        var contact: AgentSnapshot.Contact
        var leaf: Fingerprint?

        var isAtWork: Bool { contact == .online && leaf != nil }
    }

    let names: [String]
    private(set) var news: [String: [News]] = [:]
    private(set) var healthRuns = 0
    private let process: ChildProcess

    var processID: Int32 { process.processID }

    /// Starts them; each enrols by the token that stands at its place.
    ///
    /// - Parameters:
    ///   - folder: for configuration files and state directories; made here.
    ///   - authorities: PEM of the server's CA.
    init(
        _ tokens: [String], in folder: URL, programs: URL, port: Int, authorities: String, pollSeconds: Int? = nil
    ) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let bundle = folder.appending(path: "server-ca.pem")
        try authorities.write(to: bundle, atomically: true, encoding: .utf8)
        names = tokens.indices.map { "agent-\($0 + 1)" }
        let files = try zip(names, tokens).map { name, token in
            let tokenFile = folder.appending(path: "\(name).token").path
            let isMade = FileManager.default.createFile(
                atPath: tokenFile, contents: Data(token.utf8), attributes: [.posixPermissions: 0o600])
            guard isMade else { throw BenchFailure.unreadable(tokenFile) }
            let file = folder.appending(path: "\(name).yaml")
            try AgentFile(
                name: name, port: port, authorities: bundle.path, storage: folder.appending(path: name).path,
                tokenFile: tokenFile, pollSeconds: pollSeconds
            ).text.write(to: file, atomically: true, encoding: .utf8)
            return file.path
        }
        process = try ChildProcess(
            programs.appending(path: "hosted-agent").path, files, input: .pipe, output: .pipe)
        let output = process.output
        Task { [weak self] in
            var rest: [UInt8] = []
            while let bytes = try? await output.next(), !bytes.isEmpty {
                rest += bytes
                var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                rest = lines.popLast().map(Array.init) ?? []
                for line in lines { self?.read(String(decoding: line, as: UTF8.self)) }
            }
        }
    }

    private func read(_ line: String) {
        if line == "done" { healthRuns += 1 }
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 5, let at = Int64(words[1]), let event = AgentLogEvent(rawValue: words[2]),
            let contact = AgentSnapshot.Contact(rawValue: words[3])
        else { return }
        news[words[0], default: []].append(
            News(at: Timestamp(milliseconds: at), event: event, contact: contact, leaf: Fingerprint(words[4])))
    }

    /// Until all of them have a leaf and a server that has answered.
    func waitUntilAtWork(within limit: Duration = .seconds(120)) async throws {
        let deadline = ContinuousClock.now + limit
        var missing = names[...]
        while true {
            missing.removeAll { news[$0]?.last?.isAtWork == true }
            if missing.isEmpty { return }
            guard ContinuousClock.now < deadline, process.isRunning else {
                throw BenchFailure.notArrived(
                    missing.map { "\($0), last \(news[$0]?.last?.event.rawValue ?? "nothing")" })
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func forget() { news = [:] }

    /// Changes the health of the first agent so many times, 1 ms apart.
    func changeHealth(_ count: Int) async throws {
        let runs = healthRuns
        try await process.input.write(Array("health \(count)\n".utf8))
        while healthRuns == runs {
            guard process.isRunning else { throw BenchFailure.notRunning("hosted-agent") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func end() async {
        process.input.close()
        process.send(SIGKILL)
        await process.ended()
    }
}
