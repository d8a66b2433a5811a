/// What a person reads when something was refused or went wrong.
///
/// Logs, the HTTP interface, the command line and the drill all show this value; none of them has words of its own.
public struct OperatorMessage: Hashable, Sendable, CustomStringConvertible {
    /// Stable and searchable, `area.reason`, for example `handover.fingerprint-mismatch`.
    public let code: String
    public let title: String
    /// What happened, with the facts filled in; one line, no secrets.
    public let cause: String
    /// Begins with a verb.
    public let nextAction: String

    public init(code: String, title: String, cause: String, nextAction: String) {
        self.code = code
        self.title = title
        self.cause = cause
        self.nextAction = nextAction
    }

    public var description: String { "\(code): \(title). \(cause) Next: \(nextAction)" }
}

/// An error that can be shown to an operator as it is.
public protocol OperatorExplainable: Error {
    var operatorMessage: OperatorMessage { get }
}
