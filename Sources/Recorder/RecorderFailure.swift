package import Vocabulary

/// Why something could not be recorded or decoded.
package enum RecorderFailure: Error, Hashable, Sendable {
    case addressInUse(String)
    /// - why: in the words of the system.
    case addressNotBound(String, why: String)
    /// The text of an option is no address.
    case badAddress(String, why: String)
    case badCommand(why: String)
    case badRule(String, why: String)
    case fileUnreadable(String, why: String)
    case notAMessage(String, why: String)
    case notARecording(String, line: Int)
    case recordingNotWritten(String, why: String)
    case serverUnreachable(String, why: String)
}

extension RecorderFailure: OperatorCoded {
    package typealias Code = RecorderCode

    package var words: Words {
        switch self {
        case .addressInUse(let address):
            (
                .addressInUse, "The proxy cannot listen on \(address)", "Another process listens there.",
                "Find it with `ss -ltnp` and stop it, or choose another port with --listen; port 0 lets the kernel choose."
            )
        case .addressNotBound(let address, let why):
            (
                .badAddress, "The proxy cannot listen on \(address)", "The system says: \(why).",
                "Set --listen to an address that `ip address` shows and to a port that this user may use."
            )
        case .badAddress(let text, let why):
            (
                .badAddress, "An address cannot be used", "\(text): \(why).",
                "Write --listen as HOST:PORT and --to as a URL such as wss://server.example.com:4320."
            )
        case .badCommand(let why):
            (.badCommand, "The options do not belong together", "\(why).", "Correct them; --help explains each option.")
        case .badRule(let rule, let why):
            (
                .badRule, "A rule cannot be read", "\"\(rule.printable(upTo: 200))\": \(why).",
                "Write it as DIRECTION MESSAGE ACTION, such as `server-to-agent connection_settings@1 delay 2s`; "
                    + "docs/operator/drills.md lists all."
            )
        case .fileUnreadable(let path, let why):
            (
                .fileUnreadable, "\(path) cannot be read", "The system says: \(why).",
                "Correct the path or its permissions."
            )
        case .notAMessage(let what, let why):
            (
                .notAMessage, "The input is no OpAMP message", "\(what): \(why).",
                "Name the form with --format, and give one whole message or a recording."
            )
        case .notARecording(let path, let line):
            (
                .notARecording, "\(path) is no recording", "Line \(line) is not what `handover-drill proxy` writes.",
                "Give a file of --record as it was written, or name another form with --format."
            )
        case .recordingNotWritten(let path, let why):
            (
                .recordingNotWritten, "The recording \(path) cannot be written", "The system says: \(why).",
                "Choose another file with --record, or make room for it."
            )
        case .serverUnreachable(let server, let why):
            (
                .serverUnreachable, "The proxy cannot reach \(server)", "\(why.printable(upTo: 300)).",
                "Check that the server runs, and check --to, --ca and --client-certificate."
            )
        }
    }
}

/// A file of an option has the wrong content: says which file, with the code of what is wrong with it.
package struct UnusableFile: OperatorExplainable, Hashable, Sendable {
    package let path: String
    package let failure: OperatorMessage

    package var operatorMessage: OperatorMessage {
        OperatorMessage(
            code: failure.code, title: "\(path) cannot be used",
            cause: "\(failure.title). \(failure.cause)", nextAction: failure.nextAction)
    }
}
