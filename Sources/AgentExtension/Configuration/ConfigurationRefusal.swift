public import Vocabulary

/// Why a configuration file is not accepted. Lines are counted from 1; keys are written with their whole path.
public enum ConfigurationRefusal: Error, Hashable, Sendable {
    case unreadable(path: String, reason: String)
    case notYAML(reason: String)
    case unknownKey(String, line: Int, nearest: String?)
    case missing(String)
    case wrongForm(String, line: Int, expected: String)
    case badValue(String, line: Int, reason: String)
    case conflict(String, with: String, line: Int)
    /// A file that the configuration names.
    case badFile(String, line: Int, path: String, reason: String, nextAction: String? = nil)
}

extension ConfigurationRefusal: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        let title = "The configuration file is not accepted"
        let (reason, cause, nextAction): (ConfigurationCode, String, String) =
            switch self {
            case .unreadable(let path, let reason):
                (.unreadable, "\(path): \(reason)", "Check the path after --config and the permissions of this user.")
            case .notYAML(let reason): (.notYAML, "\(reason).", "Correct the YAML there.")
            case .unknownKey(let key, let line, let nearest):
                (
                    .unknownKey, "Line \(line): there is no key \(key).",
                    nearest.map { "Write \($0), if that was meant, or remove the line." } ?? "Remove the line."
                )
            case .missing(let key): (.missingKey, "\(key) is missing.", "Add \(key).")
            case .wrongForm(let key, let line, let expected):
                (.wrongForm, "Line \(line): \(key) must be \(expected).", "Write \(expected) there.")
            case .badValue(let key, let line, let reason):
                (.badValue, "Line \(line): \(key): \(reason).", "Correct the value.")
            case .conflict(let key, let other, let line):
                (
                    .conflict, "Line \(line): \(key) and \(other) say the same thing twice.",
                    "Keep one of the two."
                )
            case .badFile(let key, let line, let path, let reason, let nextAction):
                (
                    .badFile, "Line \(line): \(key): \(path): \(reason)",
                    nextAction ?? "Correct the path or the file."
                )
            }
        return OperatorMessage(code: reason.code, title: title, cause: cause, nextAction: nextAction)
    }
}
