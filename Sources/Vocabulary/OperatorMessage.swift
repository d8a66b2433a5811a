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

/// The codes of one type of refusal or failure: one area, and a reason for each.
///
/// A code is named by its constant wherever it is compared, so that no text of a code stands twice.
public protocol OperatorCode: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == String {
    static var area: String { get }
}

extension OperatorCode {
    /// `area.reason`.
    public var code: String { "\(Self.area).\(rawValue)" }
}

/// An error that is explained by a code of its own type and by words.
public protocol OperatorCoded: OperatorExplainable {
    associatedtype Code: OperatorCode
    typealias Words = (code: Code, title: String, cause: String, nextAction: String)

    var words: Words { get }
}

extension OperatorCoded {
    public var operatorMessage: OperatorMessage { Self.message(words) }

    public static func message(_ words: Words) -> OperatorMessage {
        OperatorMessage(
            code: words.code.code, title: words.title, cause: words.cause, nextAction: words.nextAction)
    }
}
