import Foundation
import HostSystem

/// The `openssl` program, for what our own client library cannot do.
///
/// Not by Foundation's `Process`: that reads past the end of the list of open files where it is longer than 1,365, and
/// that many are open while these tests run side by side.
enum OpenSSL {
    static func run(_ arguments: [String], input: String) async throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "openssl-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (stdin, stdout) = (folder.appending(path: "in"), folder.appending(path: "out"))
        try Data(input.utf8).write(to: stdin)
        let words = ["openssl"] + arguments.map { "'\($0.replacing("'", with: "'\\''"))'" }
        let line = "\(words.joined(separator: " ")) < '\(stdin.path)' > '\(stdout.path)' 2> /dev/null"
        let outcome = await ShellCommand.run(line, limit: .seconds(50))
        guard case .exited = outcome else { throw NotRun(outcome: outcome) }
        return String(decoding: try Data(contentsOf: stdout), as: UTF8.self)
    }

    struct NotRun: Error { let outcome: ShellCommand.Outcome }
}
