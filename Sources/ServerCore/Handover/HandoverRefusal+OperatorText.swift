import Certificates
import HandoverToken
package import Vocabulary

extension HandoverRefusal: OperatorCoded {
    package typealias Code = HandoverCode

    package var words: Words {
        switch self {
        case .agentLacksCapability:
            (
                .agentLacksCapability, "The agent cannot be handed over",
                "The agent does not report the capability AcceptsOpAMPConnectionSettings.",
                "Enable the capability in the agent's configuration and wait for its next report."
            )
        case .agentHasNoLeaf:
            (
                .agentHasNoLeaf, "The agent's certificate is not known",
                "The server has no leaf certificate for the agent, so it cannot bind a token to one.",
                "Enroll the host, or wait until the agent has connected with its certificate."
            )
        case .leafNotValid(let problems):
            (
                .leafNotValid, "The agent's certificate is not valid",
                problems.map(\.operatorMessage.cause).joined(separator: " "),
                "Correct this server's clock if it is wrong. Otherwise, on the host, run `opamp-agent reset --yes`, then "
                    + "`opamp-agent enroll` with a new bootstrap token, and issue the handover token again."
            )
        case .agentElsewhere(let presence):
            (
                .agentElsewhere, "This server does not have the agent", "The agent's row is marked \(presence).",
                "Issue the token on the server where the agent is live."
            )
        case .handoverOpen(let id, let phase):
            (
                .handoverOpen, "Another handover of this agent is open", "Handover \(id) is \(phase).",
                "Wait until it has settled, or cancel it with `mini-server handover cancel \(id)`."
            )
        case .peerDisabled(let name):
            (
                .peerDisabled, "The peer is disabled", "Peer `\(name)` is disabled on this server.",
                "Enable it with `mini-server peer enable \(name)`."
            )
        case .peerIncomplete(let name, let missing):
            (
                .peerIncomplete, "The peer is not completely configured",
                "No \(missing) is stored for peer `\(name)`.",
                "Set what is missing with `mini-server peer set-secret`, then `mini-server peer ping \(name)`."
            )
        case .timeToLiveOutOfRange:
            (
                .ttlOutOfRange, "The token's lifetime is out of range",
                "A token is valid for 1 minute to 24 hours.",
                "Choose a time within that range."
            )
        case .probationOutOfRange:
            (
                .probationOutOfRange, "The probation is out of range", "A probation lasts at most 24 hours.",
                "Choose a time within that range."
            )
        case .unknownHandover(let id):
            (
                .unknown, "No such handover", "This server has no handover \(id) for this peer and this token.",
                "Check that this server issued the token, and for this peer."
            )
        case .expired(let time): TokenRefusal.expired(at: time).words
        case .alreadyRedeemed:
            (
                .alreadyRedeemed, "The token has already been redeemed", "A token can be redeemed once.",
                "Find the handover with `mini-server handover list`, or issue a new token on the source."
            )
        case .cancelled(let phase):
            (
                .cancelled, "The source has ended the handover", "The handover's phase on the source is \(phase).",
                "Issue a new token on the source."
            )
        case .leafChanged(let inToken, let present):
            (
                .fingerprintMismatch, "Fingerprint mismatch",
                "The token is bound to leaf \(inToken); the agent now has \(present?.description ?? "none").",
                "Wait until the rotation of the leaf has completed, then issue a new token."
            )
        case .leafRevoked(let leaf):
            (
                .leafRevoked, "The agent's certificate is revoked", "Leaf \(leaf) was revoked.",
                "On the host, run `opamp-agent reset --yes`, then `opamp-agent enroll` with a new bootstrap token."
            )
        case .staleEpoch(let epoch, let known):
            (
                .staleEpoch, "A later handover of this agent is known",
                "This handover has epoch \(epoch); the latest known handover has epoch \(known).",
                "Find the server that has the agent, and issue a new token there with `--later-than \(known)`."
            )
        case .endpointNotMine(let endpoint):
            (
                .endpointNotMine, "The token names another server's endpoint",
                "The target endpoint \(endpoint) does not belong to this server.",
                "On the source, run `mini-server peer refresh` for this server and issue a new token."
            )
        case .listenerNotCovered(let problems):
            (
                .listenerNotCovered, "The agent would not trust this server",
                "The CA bundle in the token does not verify this server's certificate: "
                    + problems.map(\.operatorMessage.cause).joined(separator: "; ") + ".",
                "On the source, run `mini-server peer refresh` for this server and issue a new token."
            )
        case .uidCollision(let uid, let row):
            (
                .uidCollision, "Another agent has this instance uid", "Row \(row) has instance uid \(uid).",
                "If row \(row) is no longer in use, revoke it with `mini-server agent revoke \(row)`. Otherwise run "
                    + "`opamp-agent reset --yes` on the host of the token's agent, then `opamp-agent enroll` with a bootstrap "
                    + "token of this server: the agent gets another uid."
            )
        case .agentHere(let row):
            (
                .agentHere, "This server has the agent", "Row \(row) has the certificate that the token names.",
                "Nothing is to be done if the agent is live here. Otherwise, on its host, run `opamp-agent reset --yes`, then "
                    + "`opamp-agent enroll` with a bootstrap token of this server."
            )
        case .configurationMissing(let name):
            (
                .configurationMissing, "The configuration is missing",
                "This server has no configuration `\(name)`; a handover does not copy configurations.",
                "Create it with `mini-server config add \(name) --file FILE`, or choose another one with --config."
            )
        case .groupMissing(let name):
            (
                .groupMissing, "The group is missing", "This server has no group `\(name)`.",
                "Create it with `mini-server group add \(name)`, or choose another one with --group."
            )
        case .sourceUnreachable(let name):
            (
                .sourceUnreachable, "The source cannot be reached",
                "Peer `\(name)` did not answer, so this server cannot tell whether the token is still valid.",
                "Run `mini-server peer ping \(name)`, and redeem the token again when the peer answers."
            )
        case .refusedBySource(let code): Self.saidBySource(code)
        case .notRedeemed:
            (
                .notRedeemed, "The token has not been redeemed", "The source sends the offer after the redemption.",
                "Redeem the token on the target first."
            )
        case .alreadyMoved(let name):
            (
                .alreadyMoved, "The agent has moved", "The agent is live on \(name).",
                "Issue a handover token on \(name) to hand the agent back."
            )
        case .alreadyArrived:
            (
                .alreadyArrived, "The agent has arrived", "The agent has reported that it adopted this server.",
                "Issue a handover token on this server to hand the agent back."
            )
        case .mayHaveSettled(let row, let source):
            (
                .mayHaveSettled, "The agent may have settled here",
                "The agent connected here and may have forgotten its source since; without this server it would have none.",
                "Wait until it connects again. If its host is gone for good, run `mini-server agent revoke \(row)` on "
                    + "\(source): that ends the handover on both servers."
            )
        case .over(let phase):
            (.over, "The handover has ended", "Its phase is \(phase).", "Issue a new token on the source.")
        case .noticeNotAllowed(let type, let phase):
            (
                .noticeNotAllowed, "The notice does not fit the handover",
                "The notice \(type.rawValue) from the peer is not accepted in phase \(phase).",
                "Compare the output of `mini-server handover show` on both servers."
            )
        }
    }

    /// The source's answer in the words of the target's operator, who does not have the source's facts.
    private static func saidBySource(_ text: String) -> Words {
        let code = HandoverCode(code: text) ?? .refusedBySource
        let (title, cause) = answers[code] ?? ("The source refused the token", "The source answered \(text).")
        return (code, title, cause, "Issue a new token on the source.")
    }

    private static let answers: [HandoverCode: (title: String, cause: String)] = [
        .fingerprintMismatch: ("Fingerprint mismatch", "The agent's leaf was replaced after the token was issued."),
        .leafRevoked: ("The agent's certificate is revoked", "The leaf was revoked on the source."),
        .expired: ("The token has expired", "The token was not redeemed in time."),
        .alreadyRedeemed: ("The token has already been redeemed", "A token can be redeemed once."),
        .cancelled: ("The source has ended the handover", "The token can no longer be redeemed."),
        .unknown: ("The source does not know the token", "The source has no handover for this server and this token."),
        .staleEpoch: ("A later handover of this agent is known", "The source has issued a newer token for this agent."),
    ]
}
