/// Why a drill could not do what it set out to do: nothing is said about the product yet, or it is a process that died.
package enum WorldFailure: Error, Hashable, Sendable {
    case programMissing(String)
    case processEnded(name: String, how: String, lastLines: [String])
    case commandFailed(command: String, how: String, output: String)
    case unreadable(what: String, why: String)
    case notRunning(String)
}

extension WorldFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .programMissing(let path):
            "there is no program at \(path); build the whole package first (swift build), or name the folder with "
                + "--programs"
        case .processEnded(let name, let how, let lastLines):
            "\(name) \(how)" + lastLines.map { "\n\($0)" }.joined()
        case .commandFailed(let command, let how, let output): "`\(command)` \(how): \(output)"
        case .unreadable(let what, let why): "\(what) cannot be read: \(why)"
        case .notRunning(let name): "\(name) is not running"
        }
    }
}
