import PeerAPI
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
