public import Certificates
public import Vocabulary

/// Why a certificate does not open the OpAMP endpoint. The agent reads the cause in `OpAMP-Handover-Cause`.
public enum LeafRefusal: Error, Hashable, Sendable {
    case absent
    case unknown(Fingerprint)
    case notIssued([ChainProblem])
    case otherAgent(AgentID)
    case revoked(Fingerprint)
    case notHere(AgentID, presence: String)
    /// It comes by a handover whose claim the source has not answered here yet; the agent tries again.
    case tooEarly(HandoverID)
    /// It comes by a handover that has ended here, or that a later one has overtaken.
    case notAwaited(HandoverID)
    /// Its successor was first seen more than a day ago.
    case replaced(Fingerprint, row: AgentID)
    /// Two hosts hold the same key: the successor of this leaf has a live session.
    case clone(Fingerprint, row: AgentID)

    /// A bootstrap token decides about whoever comes with such a certificate.
    var isCuredByEnrolment: Bool {
        switch self {
        case .absent, .unknown, .notIssued, .otherAgent, .revoked, .notHere, .replaced: true
        case .tooEarly, .notAwaited, .clone: false
        }
    }

    public var cause: MoveCause {
        switch self {
        case .tooEarly: .http(status: 503)
        case .absent, .unknown, .notIssued, .otherAgent, .revoked, .notHere, .notAwaited, .replaced, .clone:
            .tlsLeafRefused
        }
    }
}

extension LeafRefusal: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .absent:
            message(
                "absent", "No client certificate", "The agent presented no certificate and no bootstrap token.",
                "Enrol the agent with a bootstrap token.")
        case .unknown(let leaf):
            message(
                "unknown", "The certificate is not known here",
                "No agent and no open handover has the fingerprint \(leaf).",
                "Enrol the agent, or redeem the handover token that names this fingerprint.")
        case .notIssued(let problems):
            message(
                "not-issued", "The certificate does not hold",
                problems.map(\.operatorMessage.cause).joined(separator: " "),
                "Renew the agent's certificate, or enrol it anew.")
        case .otherAgent(let row):
            message(
                "other-agent", "The certificate names another agent", "It does not carry the name of row \(row).",
                "Enrol the agent anew.")
        case .revoked(let leaf):
            message(
                "revoked", "The certificate is revoked", "The leaf \(leaf) was revoked here.", "Enrol the agent anew.")
        case .notHere(let row, let presence):
            message(
                "not-here", "The agent does not belong here", "Row \(row) is marked \(presence).",
                "Look up the agent's handovers to see where it belongs.")
        case .tooEarly(let handover):
            message(
                "early", "The agent is expected, but not yet",
                "The source has not answered the claim of handover \(handover) here.",
                "Wait: the agent and this server both try again. Ping the source if it goes on.")
        case .notAwaited(let handover):
            message(
                "not-awaited", "The handover is over", "This server does not await an agent by handover \(handover).",
                "Look up the agent's handovers on both servers, and issue another token.")
        case .replaced(let leaf, let row):
            message(
                "replaced", "The certificate was renewed",
                "The leaf \(leaf) of row \(row) was replaced, and its successor was first seen more than a day ago.",
                "Give the agent its newer state directory back, or enrol it anew.")
        case .clone(let leaf, _):
            message(
                "clone", "Two hosts use one identity",
                "The leaf \(leaf) was replaced, and a session with its successor is live.",
                "Find the second host, then revoke the leaf and enrol both anew.")
        }
    }

    private func message(_ reason: String, _ title: String, _ cause: String, _ nextAction: String) -> OperatorMessage {
        OperatorMessage(code: "fleet.leaf-\(reason)", title: title, cause: cause, nextAction: nextAction)
    }
}
