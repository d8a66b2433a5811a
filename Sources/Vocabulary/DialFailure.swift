/// Why a server was not reached, or why it was given up.
public struct DialFailure: Error, Hashable, Sendable {
    public var cause: MoveCause
    /// One line for an operator; never a header value or a key.
    public let detail: String
    /// What a server, or a proxy, answered instead of what was asked for.
    public var httpStatus: Int?
    /// How long the server asks to be left alone (RFC 9110 section 10.2.3), counted from the answer.
    public var retryAfter: Duration?
    /// The server's own word for its refusal, from the header `OpAMP-Handover-Cause`.
    public var handoverCause: String?
    /// What the server presented, DER, leaf first, whether or not it was accepted.
    public var presentedChain: [[UInt8]]
    /// As OpenSSL writes it: `TLSv1.3`; `nil` when TLS was not up, or nobody has asked.
    public var tlsVersion: String?
    /// TLS was up, or the server's certificate was good, and it closed without a word. A server that refuses our
    /// certificate can look like this, because its alert is lost with the reset; once is a hint, twice is a refusal.
    public var closedBeforeAnswer: Bool
    /// The resolver could not tell now (`EAI_AGAIN`); of a name that does not exist it would say so.
    public var isTemporary: Bool

    public init(
        _ cause: MoveCause,
        _ detail: String = "",
        httpStatus: Int? = nil,
        retryAfter: Duration? = nil,
        handoverCause: String? = nil,
        presentedChain: [[UInt8]] = [],
        closedBeforeAnswer: Bool = false,
        isTemporary: Bool = false
    ) {
        self.cause = cause
        self.detail = detail
        self.httpStatus = httpStatus
        self.retryAfter = retryAfter
        self.handoverCause = handoverCause
        self.presentedChain = presentedChain
        self.closedBeforeAnswer = closedBeforeAnswer
        self.isTemporary = isTemporary
    }
}

extension DialFailure {
    /// `detail`, and the server's own word, which says more than its status.
    public var explanation: String { detail + (handoverCause.map { " (\($0))" } ?? "") }
}

extension DialFailure: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        OperatorMessage(
            code: "dial.\(cause.code)", title: String(cause.sentence.dropLast()),
            cause: explanation.isEmpty ? cause.sentence : explanation + ".", nextAction: cause.nextAction)
    }
}

/// Why a message was not taken.
public enum SendRefusal: Error, Hashable, Sendable {
    case notOpen
    /// It never will go out (OpAMP, WebSocket Message Size Limits).
    case tooLarge(limit: Int)
    /// The other side reads slower than we send.
    case queueFull
}
