import Vocabulary

/// What one connection has shown of itself; at its end it is judged once.
struct DialEvidence {
    var isTLS = false
    var isTLSUp = false
    var verification = ServerVerification.notReached
    var presentedChain: [[UInt8]] = []
    var peerAlert: TLSAlert?
    var tlsError: TLSError?
    var answer: AnswerHead?
    /// How the answer breaks HTTP.
    var nonsense: String?

    /// Why the connection came to nothing.
    ///
    /// - Parameter expected: the status that would have been right.
    func failure(expected: (Int) -> Bool) -> DialFailure {
        if let answer, (100...599).contains(answer.status), !expected(answer.status) { return refused(answer) }
        if let problem = verification.failure { return failure(problem.cause, problem.words) }
        if let peerAlert {
            // A handshake failure after the server's certificate is about ours; before it, about versions and ciphers.
            let isAboutOurs =
                peerAlert.isAboutOurCertificate
                || peerAlert.code == TLSAlert.handshakeFailure && verification == .passed
            return failure(
                isAboutOurs ? .tlsLeafRefused : .protocol, "the server ended TLS with the alert \"\(peerAlert.words)\"")
        }
        if let tlsError, !isTLSUp, !tlsError.isUnexpectedEnd {
            return failure(.protocol, "TLS failed: \(tlsError.words)")
        }
        if answer != nil || nonsense != nil {
            return failure(.protocol, "the server's HTTP answer does not hold: \(nonsense ?? "cut off")")
        }
        guard isTLS else {
            // So does a server that expects TLS (RFC 8446 section 6 allows it to say nothing).
            return failure(
                .tcp,
                "the server closed the connection before it answered; if it expects TLS, the endpoint begins with wss:// "
                    + "or https://")
        }
        guard isTLSUp || verification == .passed else {
            return failure(.tcp, "the server closed the connection during the TLS handshake")
        }
        return failure(
            .tlsLeafRefused, "TLS was up and the server closed without an answer; it probably refused our certificate",
            closedBeforeAnswer: true)
    }

    private func refused(_ answer: AnswerHead) -> DialFailure {
        var failure = failure(.http(status: answer.status), "the server answered with HTTP status \(answer.status)")
        failure.httpStatus = answer.status
        failure.retryAfter = answer.retryAfter
        failure.handoverCause = answer.handoverCause
        failure.remedy = answer.handoverNext
        return failure
    }

    func failure(_ cause: MoveCause, _ detail: String, closedBeforeAnswer: Bool = false) -> DialFailure {
        DialFailure(cause, detail, presentedChain: presentedChain, closedBeforeAnswer: closedBeforeAnswer)
    }

    /// Where a connection stands that did not come up in time.
    var stageWords: String {
        if isTLS, !isTLSUp { return "the TLS handshake was not finished" }
        return answer == nil ? "the server did not answer the request" : "the answer was not complete"
    }
}

/// The head of an HTTP answer, as far as anyone here reads it.
struct AnswerHead: Hashable {
    let status: Int
    let retryAfter: Duration?
    let handoverCause: String?
    var handoverNext: String?
    let contentType: String?
    let contentLength: Int?
    /// What the body is to be undone from, in lower case.
    var contentEncoding: String?
    /// What bodies of requests may be coded in, in lower case.
    var acceptEncoding: String?

    /// The value of a header, without anything that could disturb a log.
    static func text(of value: some Sequence<UInt8>) -> String {
        String(decoding: value.filter { (0x20..<0x7F).contains($0) }, as: UTF8.self).trimmingSpaces
    }
}
