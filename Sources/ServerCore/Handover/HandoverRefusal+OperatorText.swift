import Certificates
import HandoverToken
package import Vocabulary

extension HandoverRefusal: OperatorExplainable {
    package var operatorMessage: OperatorMessage {
        switch self {
        case .agentLacksCapability:
            message(
                "agent-lacks-capability", "The agent cannot be handed over",
                "The agent does not report the capability AcceptsOpAMPConnectionSettings.",
                "Enable the capability in the agent's configuration and wait for its next report.")
        case .agentHasNoLeaf:
            message(
                "agent-has-no-leaf", "The agent's certificate is not known",
                "The server has no leaf certificate for the agent, so it cannot bind a token to one.",
                "Enroll the host, or wait until the agent has connected with its certificate.")
        case .agentElsewhere(let presence):
            message(
                "agent-elsewhere", "This server does not have the agent", "The agent's row is marked \(presence).",
                "Issue the token on the server where the agent is live.")
        case .handoverOpen(let id, let phase):
            message(
                "handover-open", "Another handover of this agent is open", "Handover \(id) is \(phase).",
                "Wait until it has settled, or cancel it with `mini-server handover cancel \(id)`.")
        case .peerDisabled(let name):
            message(
                "peer-disabled", "The peer is disabled", "Peer `\(name)` is disabled on this server.",
                "Enable it with `mini-server peer enable \(name)`.")
        case .peerIncomplete(let name, let missing):
            message(
                "peer-incomplete", "The peer is not completely configured",
                "No \(missing) is stored for peer `\(name)`.",
                "Set what is missing with `mini-server peer set-secret`, then `mini-server peer ping \(name)`.")
        case .timeToLiveOutOfRange:
            message(
                "ttl-out-of-range", "The token's lifetime is out of range",
                "A token is valid for 1 minute to 24 hours.",
                "Choose a time within that range.")
        case .probationOutOfRange:
            message(
                "probation-out-of-range", "The probation is out of range", "A probation lasts at most 24 hours.",
                "Choose a time within that range.")
        case .unknownHandover(let id):
            message(
                "unknown", "No such handover", "This server has no handover \(id) for this peer and this token.",
                "Check that this server issued the token, and for this peer.")
        case .expired(let time): TokenRefusal.expired(at: time).operatorMessage
        case .alreadyRedeemed:
            message(
                "already-redeemed", "The token has already been redeemed", "A token can be redeemed once.",
                "Find the handover with `mini-server handover list`, or issue a new token on the source.")
        case .cancelled(let phase):
            message(
                "cancelled", "The source has ended the handover", "The handover's phase on the source is \(phase).",
                "Issue a new token on the source.")
        case .leafChanged(let inToken, let present):
            message(
                "fingerprint-mismatch", "Fingerprint mismatch",
                "The token is bound to leaf \(inToken); the agent now has \(present?.description ?? "none").",
                "Wait until the rotation of the leaf has completed, then issue a new token.")
        case .leafRevoked(let leaf):
            message(
                "leaf-revoked", "The agent's certificate is revoked", "Leaf \(leaf) was revoked.",
                "On the host, run `opamp-agent reset --yes`, then `opamp-agent enroll` with a new bootstrap token.")
        case .staleEpoch(let epoch, let known):
            message(
                "stale-epoch", "A later handover of this agent is known",
                "This handover has epoch \(epoch); the latest known handover has epoch \(known).",
                "Find the server that has the agent, and issue a new token there.")
        case .endpointNotMine(let endpoint):
            message(
                "endpoint-not-mine", "The token names another server's endpoint",
                "The target endpoint \(endpoint) does not belong to this server.",
                "On the source, run `mini-server peer refresh` for this server and issue a new token.")
        case .listenerNotCovered(let problems):
            message(
                "listener-not-covered", "The agent would not trust this server",
                "The CA bundle in the token does not verify this server's certificate: "
                    + problems.map(\.operatorMessage.cause).joined(separator: "; ") + ".",
                "On the source, run `mini-server peer refresh` for this server and issue a new token.")
        case .uidCollision(let uid, let row):
            message(
                "uid-collision", "Another agent has this instance uid", "Row \(row) has instance uid \(uid).",
                "If row \(row) is no longer in use, revoke it with `mini-server agent revoke \(row)`. Otherwise run "
                    + "`opamp-agent reset --yes` on the host of the token's agent, then `opamp-agent enroll` with a bootstrap "
                    + "token of this server: the agent gets another uid.")
        case .agentHere(let row):
            message(
                "agent-here", "This server has the agent", "Row \(row) has the certificate that the token names.",
                "Nothing is to be done if the agent is live here. Otherwise, on its host, run `opamp-agent reset --yes`, then "
                    + "`opamp-agent enroll` with a bootstrap token of this server.")
        case .configurationMissing(let name):
            message(
                "configuration-missing", "The configuration is missing",
                "This server has no configuration `\(name)`; a handover does not copy configurations.",
                "Create it with `mini-server config add \(name) --file FILE`, or choose another one with --config.")
        case .groupMissing(let name):
            message(
                "group-missing", "The group is missing", "This server has no group `\(name)`.",
                "Create it with `mini-server group add \(name)`, or choose another one with --group.")
        case .sourceUnreachable(let name):
            message(
                "source-unreachable", "The source cannot be reached",
                "Peer `\(name)` did not answer, so this server cannot tell whether the token is still valid.",
                "Run `mini-server peer ping \(name)`, and redeem the token again when the peer answers.")
        case .refusedBySource(let code): Self.saidBySource(code)
        case .notRedeemed:
            message(
                "not-redeemed", "The token has not been redeemed", "The source sends the offer after the redemption.",
                "Redeem the token on the target first.")
        case .alreadyMoved(let name):
            message(
                "already-moved", "The agent has moved", "The agent is live on \(name).",
                "Issue a handover token on \(name) to hand the agent back.")
        case .alreadyArrived:
            message(
                "already-arrived", "The agent has arrived", "The agent has reported that it adopted this server.",
                "Issue a handover token on this server to hand the agent back.")
        case .mayHaveSettled(let row, let source):
            message(
                "may-have-settled", "The agent may have settled here",
                "The agent connected here and may have forgotten its source since; without this server it would have none.",
                "Wait until it connects again. If its host is gone for good, run `mini-server agent revoke \(row)` on "
                    + "\(source): that ends the handover on both servers.")
        case .over(let phase):
            message("over", "The handover has ended", "Its phase is \(phase).", "Issue a new token on the source.")
        case .noticeNotAllowed(let type, let phase):
            message(
                "notice-not-allowed", "The notice does not fit the handover",
                "The notice \(type.rawValue) from the peer is not accepted in phase \(phase).",
                "Compare the output of `mini-server handover show` on both servers.")
        }
    }

    /// The source's answer in the words of the target's operator, who has not its facts.
    private static func saidBySource(_ code: String) -> OperatorMessage {
        let (title, cause) =
            switch code {
            case "handover.fingerprint-mismatch":
                ("Fingerprint mismatch", "The agent's leaf was replaced after the token was issued.")
            case "handover.leaf-revoked": ("The agent's certificate is revoked", "The leaf was revoked on the source.")
            case "handover.expired": ("The token has expired", "The token was not redeemed in time.")
            case "handover.already-redeemed": ("The token has already been redeemed", "A token can be redeemed once.")
            case "handover.cancelled": ("The source has ended the handover", "The token can no longer be redeemed.")
            case "handover.unknown":
                ("The source does not know the token", "The source has no handover for this server and this token.")
            case "handover.stale-epoch":
                ("A later handover of this agent is known", "The source has issued a newer token for this agent.")
            default: ("The source refused the token", "The source answered \(code).")
            }
        return OperatorMessage(code: code, title: title, cause: cause, nextAction: "Issue a new token on the source.")
    }

    private func message(_ reason: String, _ title: String, _ cause: String, _ nextAction: String) -> OperatorMessage {
        OperatorMessage(code: "handover.\(reason)", title: title, cause: cause, nextAction: nextAction)
    }
}
