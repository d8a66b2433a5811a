import DurableFiles
import Foundation

/// Where a server on this machine is found: a file in its data directory that `serve` writes whenever it starts.
struct ContextFile: Codable {
    /// `https://host:port`.
    var server: String
    /// PEM of the CAs that vouch for its listener.
    var authorities: String
    /// Where the first start wrote the admin token, if it was asked to.
    var tokenFile: String?

    private static func file(in directory: String) -> URL {
        URL(filePath: directory).appending(path: "context.json")
    }

    static func read(from directory: String) throws -> ContextFile {
        let file = file(in: directory)
        guard let data = try? Data(contentsOf: file) else {
            throw CommandFailure(
                code: "client.no-context", cause: "There is no context file at \(file.path).",
                nextAction: "Start the server once with --data-dir \(directory), or use --server and --ca.")
        }
        guard let context = try? JSONDecoder().decode(ContextFile.self, from: data) else {
            throw CommandFailure(
                code: "client.context-unreadable", cause: "\(file.path) is not a context file.",
                nextAction: "Restart the server with --data-dir \(directory): it writes the file again.")
        }
        return context
    }

    /// - Throws: `FileFailure`, which names the file.
    func write(to directory: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(Array(try encoder.encode(self)), to: Self.file(in: directory).path, mode: .public)
    }
}
