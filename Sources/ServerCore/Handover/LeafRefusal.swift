package import Certificates
package import Vocabulary

/// Why a certificate does not open the OpAMP endpoint. The agent reads the cause in `OpAMP-Handover-Cause`.
package enum LeafRefusal: Error, Hashable, Sendable {
    case absent
    case unknown(Fingerprint)
    case notIssued([ChainProblem])
    case otherAgent(AgentID)
    case revoked(Fingerprint)
    case notHere(AgentID, presence: String)
    /// It arrives through a handover whose redemption the source has not answered yet; the agent tries again.
    case tooEarly(HandoverID)
    /// It arrives through a handover that has ended here, or that a later one has superseded.
    case notAwaited(HandoverID)
    /// Its successor was first seen more than a day ago.
    case replaced(Fingerprint, row: AgentID)
    /// Two hosts hold the same key: the successor of this leaf has a live session.
    case clone(Fingerprint, row: AgentID)

    /// A bootstrap token decides about a client with such a certificate.
    var isCuredByEnrolment: Bool {
        switch self {
        case .absent, .unknown, .notIssued, .otherAgent, .revoked, .notHere, .replaced: true
        case .tooEarly, .notAwaited, .clone: false
        }
    }

    package var cause: MoveCause {
        switch self {
        case .tooEarly: .http(status: 503)
        case .absent, .unknown, .notIssued, .otherAgent, .revoked, .notHere, .notAwaited, .replaced, .clone:
            .tlsLeafRefused
        }
    }
}

extension LeafRefusal: OperatorExplainable {
    package var operatorMessage: OperatorMessage {
        switch self {
        case .absent:
            message(
                "absent", "No client certificate", "The agent presented no certificate and no bootstrap token.",
                "Enroll the host with a bootstrap token: `opamp-agent enroll`.")
        case .unknown(let leaf):
            message(
                "unknown", "The server does not know this certificate",
                "No agent and no open handover has the fingerprint \(leaf).",
                "Redeem the handover token that names this fingerprint. If there is none, on the host run `opamp-agent reset "
                    + "--yes`, then `opamp-agent enroll` with a new bootstrap token.")
        case .notIssued(let problems):
            message(
                "not-issued", "The certificate is not valid here",
                problems.map(\.operatorMessage.cause).joined(separator: " "),
                Self.enrolAgain)
        case .otherAgent(let row):
            message(
                "other-agent", "The certificate names another agent", "The certificate does not name row \(row).",
                Self.enrolAgain)
        case .revoked(let leaf):
            message(
                "revoked", "The certificate is revoked", "This server revoked leaf \(leaf).",
                Self.enrolAgain)
        case .notHere(let row, let presence):
            message(
                "not-here", "The agent belongs to another server", "Row \(row) is marked \(presence).",
                "Run `mini-server handover list --agent \(row)` to see where the agent belongs.")
        case .tooEarly(let handover):
            message(
                "early", "The agent arrives too early",
                "The source has not confirmed the redemption of handover \(handover) yet.",
                "Wait: the agent and this server retry. If it continues, run `mini-server peer ping` for the source.")
        case .notAwaited(let handover):
            message(
                "not-awaited", "The handover has ended",
                "This server does not expect an agent through handover \(handover).",
                "Run `mini-server handover list` on both servers, and issue another token.")
        case .replaced(let leaf, let row):
            message(
                "replaced", "The certificate was renewed",
                "Leaf \(leaf) of row \(row) was replaced, and the new leaf was first used more than a day ago.",
                "Restore the agent's newest state directory. If there is none, run `opamp-agent reset --yes` on the host, then "
                    + "`opamp-agent enroll` with a new bootstrap token.")
        case .clone(let leaf, _):
            message(
                "clone", "Two hosts use one identity",
                "Leaf \(leaf) was replaced, and another session uses the new leaf.",
                "Find the second host. Revoke the leaf with `mini-server agent revoke`. Then run `opamp-agent reset "
                    + "--yes` on both hosts, and `opamp-agent enroll`, each with a bootstrap token and a key of its own."
            )
        }
    }

    /// An agent that has a certificate presents it, and no token: it has to forget it first. Its key and uid stay.
    private static let enrolAgain =
        "On the host, run `opamp-agent reset --yes`, then `opamp-agent enroll` with a new bootstrap token."

    private func message(_ reason: String, _ title: String, _ cause: String, _ nextAction: String) -> OperatorMessage {
        OperatorMessage(code: "fleet.leaf-\(reason)", title: title, cause: cause, nextAction: nextAction)
    }
}
