package import Certificates
package import Vocabulary

/// The result of one call to a peer, for the operator who pinged, the peer's row and the metrics.
package enum PingOutcome: Hashable, Sendable {
    case answered(milliseconds: Int)
    /// 403: the peer does not pin the certificate that we presented.
    case certificateNotAccepted(presented: Fingerprint?)
    /// 401.
    case secretNotAccepted
    /// 429: the peer has seen several wrong secrets in a row from us and does not look at another one yet.
    case tooManyWrongSecrets
    case serverError(status: Int)
    /// Another status, or a body that is not the answer.
    case notAPeer(status: Int)
    /// The answer came from another peer than this row's.
    case otherPeer(PeerID)
    /// The handshake failed; what the chain check says of the certificate that the peer presented, and the error text
    /// of the TLS library.
    case tls([ChainProblem], detail: String)
    case unreachable(detail: String)
    case timedOut(milliseconds: Int)

    package var isOK: Bool {
        switch self {
        case .answered: true
        case .certificateNotAccepted, .secretNotAccepted, .tooManyWrongSecrets, .serverError, .notAPeer,
            .otherPeer, .tls, .unreachable, .timedOut:
            false
        }
    }

    /// The label `outcome` of `ampora_federation_calls_total`.
    package var metricLabel: String {
        switch self {
        case .answered: "ok"
        case .certificateNotAccepted: "forbidden"
        case .secretNotAccepted, .tooManyWrongSecrets: "unauthorized"
        case .serverError: "server_error"
        case .notAPeer, .otherPeer: "protocol_error"
        case .tls: "tls_error"
        case .unreachable: "unreachable"
        case .timedOut: "timeout"
        }
    }

    /// One line for the operator who pinged.
    package var text: String {
        switch self {
        case .answered(let milliseconds): "200 OK · \(milliseconds) ms"
        case .certificateNotAccepted(let presented):
            "mTLS: the peer does not pin the certificate we presented (sha256 \(presented?.description ?? "none"))"
        case .secretNotAccepted: "401: the shared secret did not match"
        case .tooManyWrongSecrets: "429: the peer received several wrong secrets and waits before it accepts another"
        case .serverError(let status): "\(status): the peer could not decide; its audit log tells which check failed"
        case .notAPeer(let status): "\(status): the answer does not come from a peer server"
        case .otherPeer(let id): "the answer came from another peer (\(id))"
        case .tls(let problems, let detail):
            "TLS: " + (problems.isEmpty ? detail : problems.map(\.operatorMessage.cause).joined(separator: " "))
        case .unreachable(let detail): "unreachable: \(detail)"
        case .timedOut(let milliseconds): "no answer within \(milliseconds) ms"
        }
    }
}

extension PingOutcome {
    /// What to do about it; `nil` when all is well.
    package var failure: OperatorMessage? {
        let (code, title, nextAction): (FederationCode, String, String)
        switch self {
        case .answered: return nil
        case .certificateNotAccepted:
            (code, title, nextAction) = (
                .pingCertificateNotAccepted, "The peer does not accept this server's certificate",
                "On the peer, register this server's federation certificate with `mini-server peer update --certificate`. If "
                    + "the peer has disabled this server, run `mini-server peer enable` there."
            )
        case .secretNotAccepted:
            (code, title, nextAction) = (
                .pingSecretNotAccepted, "The shared secret did not match",
                "Set both again with `mini-server peer set-secret`: this server's outbound secret is the peer's inbound one."
            )
        case .tooManyWrongSecrets:
            (code, title, nextAction) = (
                .pingTooManyWrongSecrets, "The peer has paused this server",
                "Set both secrets again with `mini-server peer set-secret`, then ping again after 30 s."
            )
        case .serverError:
            (code, title, nextAction) = (
                .pingServerError, "The peer failed",
                "Read the peer's log and `mini-server audit list` there for this time."
            )
        case .notAPeer:
            (code, title, nextAction) = (
                .pingNotAPeer, "The endpoint is not a peer server",
                "Check the endpoint with `mini-server peer show`, and any proxy in front of the peer."
            )
        case .otherPeer:
            (code, title, nextAction) = (
                .pingOtherPeer, "Another peer answers at this endpoint",
                "Correct the endpoint of this peer with `mini-server peer update --endpoint`."
            )
        case .tls(let problems, _):
            (code, title, nextAction) = (
                .pingTls, "The TLS handshake failed",
                problems.first?.operatorMessage.nextAction ?? "Check the endpoint, its certificate and the clocks."
            )
        case .unreachable:
            (code, title, nextAction) = (
                .pingUnreachable, "The peer cannot be reached",
                "Check that the peer runs and that no firewall blocks the connection."
            )
        case .timedOut:
            (code, title, nextAction) = (
                .pingTimeout, "The peer did not answer in time", "Check the peer's load and the path to it."
            )
        }
        return OperatorMessage(code: code.code, title: title, cause: text, nextAction: nextAction)
    }
}
