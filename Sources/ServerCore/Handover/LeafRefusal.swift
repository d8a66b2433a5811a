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

extension LeafRefusal: OperatorCoded {
    package typealias Code = FleetCode

    package var words: Words {
        switch self {
        case .absent:
            (
                .leafAbsent, "No client certificate", "The agent presented no certificate and no bootstrap token.",
                "Enroll the host with a bootstrap token: `opamp-agent enroll`."
            )
        case .unknown(let leaf):
            (
                .leafUnknown, "The server does not know this certificate",
                "No agent and no open handover has the fingerprint \(leaf).",
                "Redeem the handover token that names this fingerprint. If there is none, on the host run `opamp-agent reset "
                    + "--yes`, then `opamp-agent enroll` with a new bootstrap token."
            )
        case .notIssued(let problems):
            (
                .leafNotIssued, "The certificate is not valid here",
                problems.map(\.operatorMessage.cause).joined(separator: " "),
                Self.enrolAgain
            )
        case .otherAgent(let row):
            (
                .leafOtherAgent, "The certificate names another agent", "The certificate does not name row \(row).",
                Self.enrolAgain
            )
        case .revoked(let leaf):
            (
                .leafRevoked, "The certificate is revoked", "This server revoked leaf \(leaf).",
                Self.enrolAgain
            )
        case .notHere(let row, let presence):
            (
                .leafNotHere, "The agent belongs to another server", "Row \(row) is marked \(presence).",
                "Run `mini-server handover list --agent \(row)` to see where the agent belongs."
            )
        case .tooEarly(let handover):
            (
                .leafEarly, "The agent arrives too early",
                "The source has not confirmed the redemption of handover \(handover) yet.",
                "Wait: the agent and this server retry. If it continues, run `mini-server peer ping` for the source."
            )
        case .notAwaited(let handover):
            (
                .leafNotAwaited, "The handover has ended",
                "This server does not expect an agent through handover \(handover).",
                "Run `mini-server handover list` on both servers, and issue another token."
            )
        case .replaced(let leaf, let row):
            (
                .leafReplaced, "The certificate was renewed",
                "Leaf \(leaf) of row \(row) was replaced, and the new leaf was first used more than a day ago.",
                "Restore the agent's newest state directory. If there is none, run `opamp-agent reset --yes` on the host, then "
                    + "`opamp-agent enroll` with a new bootstrap token."
            )
        case .clone(let leaf, _):
            (
                .leafClone, "Two hosts use one identity",
                "Leaf \(leaf) was replaced, and another session uses the new leaf.",
                "Find the second host, stop its agent and empty its state directory. Revoke the leaf with `mini-server agent "
                    + "revoke`, and run `opamp-agent reset --yes` on the first host. Then run `opamp-agent enroll` on both, "
                    + "each with a bootstrap token of its own."
            )
        }
    }

    /// An agent that has a certificate presents it, and no token: it has to forget it first. Its key and uid stay.
    private static let enrolAgain =
        "On the host, run `opamp-agent reset --yes`, then `opamp-agent enroll` with a new bootstrap token."
}
