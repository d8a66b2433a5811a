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
    /// What the proxy did, where the cause is `proxy`.
    public var proxyProblem: ProxyProblem?
    /// What ends it, where that is known better than from the cause: the server has said so, or this host knows.
    public var remedy: String?
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
        proxyProblem: ProxyProblem? = nil,
        isTemporary: Bool = false
    ) {
        self.cause = cause
        self.detail = detail
        self.httpStatus = httpStatus
        self.retryAfter = retryAfter
        self.handoverCause = handoverCause
        self.presentedChain = presentedChain
        self.closedBeforeAnswer = closedBeforeAnswer
        self.proxyProblem = proxyProblem
        self.isTemporary = isTemporary
    }
}

extension DialFailure {
    /// `detail`, and the server's own word, which says more than its status.
    public var explanation: String { detail + (handoverCause.map { " (\($0))" } ?? "") }

    /// What ends it: a proxy's refusal needs something else for each of its reasons.
    public var nextAction: String { remedy ?? proxyProblem?.nextAction ?? cause.nextAction }
}

extension DialFailure: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        OperatorMessage(
            code: "dial.\(cause.code)", title: String(cause.sentence.dropLast()),
            cause: explanation.isEmpty ? cause.sentence : explanation + ".", nextAction: nextAction)
    }
}

/// What a proxy did instead of connecting to the server.
public enum ProxyProblem: Hashable, Sendable {
    /// Its name does not resolve, or no address of it accepts a connection.
    ///
    /// - Parameter origin: host and port.
    case notReached(origin: String)
    /// Its certificate was refused.
    case untrusted
    /// It refused the certificate that the agent presented, or the absence of one.
    case certificateRefused
    /// It refused to connect.
    case refused(status: Int)
    /// It ended the connection, or did not speak HTTP.
    case broken

    public var nextAction: String {
        switch self {
        case .notReached(let origin):
            "Check that the proxy listens at \(origin) and that a firewall lets the agent's host reach it."
        case .untrusted:
            "Name the CA certificates of the proxy in `proxy.tls.ca_file`, and check the host in the proxy's URL."
        case .certificateRefused:
            "Name a certificate that the proxy accepts in `proxy.tls.cert_file` and `proxy.tls.key_file`."
        case .refused(status: 401), .refused(status: 407):
            "Correct the credentials for the proxy: `proxy.username` and `proxy.password_file`, or `proxy.headers`. For a proxy "
                + "that a server offered, correct them in its offer."
        case .refused(status: 403), .refused(status: 405):
            "Allow CONNECT to the host and port of the server in the proxy's rules."
        case .refused(status: 500...599):
            "Check that the server is running and that the proxy's host can resolve and reach it."
        case .refused, .broken: MoveCause.proxy.nextAction
        }
    }
}

/// Why a message was not taken.
public enum SendRefusal: Error, Hashable, Sendable {
    case notOpen
    /// It never will go out: what the host says in it cannot be said.
    case notEncodable(reason: String)
    /// It never will go out (OpAMP, WebSocket Message Size Limits).
    case tooLarge(limit: Int)
    /// The other side reads slower than we send.
    case queueFull
}
