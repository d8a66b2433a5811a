import HostSystem
import Vocabulary

extension SinkSettings.Command {
    /// Enough for an error and what it is about.
    private static let longestOutput = 500

    /// - Parameters:
    ///   - kind: which of the two it is, for the rejection.
    ///   - path: its `$1`.
    func run(as kind: String, on path: String) async throws(ConfigurationRejection) {
        let outcome = await ShellCommand.run(line, arguments: [path], limit: limit)
        let problem: String
        switch outcome.course {
        case .ended(.exited(status: 0)): return
        case .ended(let end): problem = "\(end)"
        case .tooSlow: problem = "took longer than \(DurationText.write(limit)) and was killed"
        case .notStarted(let error): problem = "could not be started: \(error)"
        }
        let said = Self.line(of: outcome.output)
        throw ConfigurationRejection(
            "the \(kind) command \(problem)" + (said.isEmpty ? "" : ": \(said)"), mayPass: true)
    }

    /// The end of what it wrote, since errors come last, as one line.
    private static func line(of output: [UInt8]) -> String {
        let text = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let end = String(text.suffix(longestOutput))
        return (end == text ? "" : "... ") + end.printable(upTo: longestOutput)
    }
}
