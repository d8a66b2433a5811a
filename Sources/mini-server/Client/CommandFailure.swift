import OperatorClient
import ServerAPI
import Vocabulary

/// Why a command failed: code, cause and what to do next, as everywhere.
struct CommandFailure: Error, CustomStringConvertible {
    let message: OperatorMessage

    init(_ message: OperatorMessage) { self.message = message }

    init(code: String, title: String = "The command failed", cause: String, nextAction: String) {
        message = OperatorMessage(code: code, title: title, cause: cause, nextAction: nextAction)
    }

    var description: String {
        "\(message.code): \(message.title)\n  cause: \(message.cause)\n  next:  \(message.nextAction)"
    }
}

extension CommandFailure {
    /// - Parameter base: the URL that was called.
    init(_ failure: CallFailure, at base: String) {
        switch failure {
        case .refused(let problem): self.init(problem.operatorMessage)
        case .answered(let status, _):
            self.init(
                code: "client.status-\(status)", cause: "The server answered \(status).",
                nextAction: "Read the server's log.")
        case .unreadable:
            self.init(
                code: "client.unreadable", cause: "The server's answer does not have the expected form.",
                nextAction: "Compare the versions of this `mini-server` and of the server.")
        case .unreachable(let why):
            self.init(
                code: "client.unreachable", title: "The server cannot be reached", cause: "\(base): \(why)",
                nextAction: "Check that the server runs, and check its URL and CA (--server, --ca or --context).")
        }
    }
}
