import Certificates
import HandoverToken
public import Vocabulary

extension HandoverRefusal: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .agentUnknown(let id):
            message(
                "agent-unknown", "No such agent", "There is no agent \(id) here.",
                "Look the agent up in the fleet list.")
        case .remoteAgent(let id):
            message(
                "remote-agent", "The agent belongs to a peer", "\(id) is shown here read-only.",
                "Do this on the peer that has the agent.")
        case .agentLacksCapability:
            message(
                "agent-lacks-capability", "The agent cannot be handed over",
                "It does not advertise AcceptsOpAMPConnectionSettings.",
                "Enable the capability in the agent's configuration and wait for its next report.")
        case .agentHasNoLeaf:
            message(
                "agent-has-no-leaf", "The agent's certificate is not known",
                "No leaf certificate is recorded for the agent, so nothing can be bound to it.",
                "Enrol the agent, or wait until it has connected with its certificate.")
        case .agentElsewhere(let presence):
            message(
                "agent-elsewhere", "The agent is not this server's to hand over", "Its row is marked \(presence).",
                "Issue the token on the server where the agent is live.")
        case .handoverOpen(let id, let phase):
            message(
                "handover-open", "Another handover of this agent is open", "Handover \(id) is \(phase).",
                "Wait until it has settled, or cancel it.")
        case .peerUnknown(let name):
            message(
                "peer-unknown", "No such peer", "There is no peer \(name) here.",
                "See `mini-server peer list`, and register it with `mini-server peer add`.")
        case .peerDisabled(let name):
            message(
                "peer-disabled", "The peer is disabled", "The peer \(name) is switched off here.",
                "Enable it with `mini-server peer enable \(name)`.")
        case .peerIncomplete(let name, let missing):
            message(
                "peer-incomplete", "The peer is not known both ways",
                "Of the peer \(name) there is no \(missing) here.",
                "Set what is missing with `mini-server peer set-secret`, then `mini-server peer ping \(name)`.")
        case .timeToLiveOutOfRange:
            message(
                "ttl-out-of-range", "The token's life is out of range", "A token lives from 1 minute to 24 hours.",
                "Choose a time within that range.")
        case .probationOutOfRange:
            message(
                "probation-out-of-range", "The probation is out of range", "A probation lasts at most a day.",
                "Choose a time within that range.")
        case .unknownHandover(let id):
            message(
                "unknown", "No such handover", "This server has no handover \(id) with that peer and that token.",
                "Check that the token was issued for this peer, and by this server.")
        case .expired(let time): TokenRefusal.expired(at: time).operatorMessage
        case .alreadyRedeemed:
            message(
                "already-redeemed", "The token was redeemed before", "A token is redeemed once.",
                "Look the handover up in the list, or issue a new token on the source.")
        case .cancelled(let phase):
            message(
                "cancelled", "The handover was ended at the source", "Its phase there is \(phase).",
                "Issue a new token on the source.")
        case .leafChanged(let inToken, let present):
            message(
                "fingerprint-mismatch", "Fingerprint mismatch",
                "The token is bound to leaf \(inToken); the agent now has \(present?.description ?? "none").",
                "Issue a new token after the rotation of the leaf has completed.")
        case .leafRevoked(let leaf):
            message(
                "leaf-revoked", "The agent's certificate is revoked", "The leaf \(leaf) was revoked.",
                "Enrol the agent anew.")
        case .staleEpoch(let epoch, let known):
            message(
                "stale-epoch", "A later handover of this agent is known",
                "This one has epoch \(epoch); the latest known has \(known).",
                "Find out where the agent belongs before issuing a new token there.")
        case .endpointNotMine(let endpoint):
            message(
                "endpoint-not-mine", "The token sends the agent elsewhere",
                "Its target endpoint \(endpoint) is none of this server's.",
                "Refresh this peer's trust bundle on the source and issue a new token.")
        case .listenerNotCovered(let problems):
            message(
                "listener-not-covered", "The agent would not trust this server",
                "The CA bundle in the token does not verify this server's certificate: "
                    + problems.map(\.operatorMessage.cause).joined(separator: "; ") + ".",
                "Refresh this peer's trust bundle on the source and issue a new token.")
        case .uidCollision(let uid, let row):
            message(
                "uid-collision", "Another agent here has that instance uid", "Row \(row) has instance uid \(uid).",
                "Find out which of the two is the agent, and end the other one with `mini-server agent revoke \(row)`.")
        case .configurationMissing(let name):
            message(
                "configuration-missing", "A configuration is missing here",
                "There is no configuration named \(name) on this server; configurations do not travel.",
                "Create the configuration \(name) here, or choose another one.")
        case .groupMissing(let name):
            message(
                "group-missing", "A group is missing here", "There is no group named \(name) on this server.",
                "Create the group \(name) here, or choose another one.")
        case .sourceUnreachable(let name):
            message(
                "source-unreachable", "The source cannot be asked",
                "The peer \(name) did not answer, so nobody can say whether the token still holds.",
                "Ping the peer, and redeem again when it answers.")
        case .refusedBySource(let code): Self.saidBySource(code)
        case .notRedeemed:
            message(
                "not-redeemed", "The token has not been redeemed", "An offer goes out only after the redemption.",
                "Redeem the token on the target first.")
        case .alreadyMoved(let name):
            message(
                "already-moved", "The agent has moved", "It is live on \(name).",
                "Hand the agent back with a new handover from \(name).")
        case .alreadyArrived:
            message(
                "already-arrived", "The agent has arrived", "It has committed to this server, or says so.",
                "Hand the agent back with a new handover from here.")
        case .over(let phase):
            message("over", "The handover is over", "Its phase is \(phase).", "Issue a new token on the source.")
        case .noticeNotAllowed(let type, let phase):
            message(
                "notice-not-allowed", "The event does not fit the handover",
                "An event \(type.rawValue) from the other party is not taken in phase \(phase).",
                "Compare the handover on both servers.")
        }
    }

    /// The source's answer in the words of the target's operator, who has not its facts.
    private static func saidBySource(_ code: String) -> OperatorMessage {
        let (title, cause) =
            switch code {
            case "handover.fingerprint-mismatch":
                ("Fingerprint mismatch", "The agent's leaf was replaced after the token was issued.")
            case "handover.leaf-revoked": ("The agent's certificate is revoked", "The leaf was revoked on the source.")
            case "handover.expired": ("The token has expired", "It was to be redeemed earlier.")
            case "handover.already-redeemed": ("The token was redeemed before", "A token is redeemed once.")
            case "handover.cancelled": ("The handover was ended at the source", "The token is good for nothing more.")
            case "handover.unknown":
                ("The source does not know the token", "It has no handover for this server by that token.")
            case "handover.stale-epoch":
                ("A later handover of this agent is known", "The source has issued a newer token for it.")
            default: ("The source refused the token", "It answered \(code).")
            }
        return OperatorMessage(code: code, title: title, cause: cause, nextAction: "Issue a new token on the source.")
    }

    private func message(_ reason: String, _ title: String, _ cause: String, _ nextAction: String) -> OperatorMessage {
        OperatorMessage(code: "handover.\(reason)", title: title, cause: cause, nextAction: nextAction)
    }
}
