public import Vocabulary

/// What the rules of the fleet do not allow.
public enum FleetRefusal: Error, Hashable, Sendable {
    case bootstrapUnknown
    case bootstrapUsed
    case bootstrapExpired(at: Timestamp)
    case bootstrapTimeOutOfRange
    case requestMissing
    case requestNotValid(String)
    case instanceUIDNotValid
    case uidCollision(InstanceUID, row: AgentID)
    case handoverUnderWay(HandoverID)
    case groupMissing(String)
    case configurationMissing(String)
    case inUse(String)
    case keyNotDraft
    case keyNotTrusted
    case keyStillNeeded(until: Timestamp)
    case keyVouchesForAgents(Int)
    case keyKnownAlone(Int)
    case keyNotYetValid(from: Timestamp)
    case tooManyKeys(Int)
}

extension FleetRefusal: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .bootstrapUnknown:
            message(
                "bootstrap-unknown", "The bootstrap token is not known", "No such token was created here.",
                "Create a bootstrap token on this server.")
        case .bootstrapUsed:
            message(
                "bootstrap-used", "The bootstrap token was used before", "A token enrols one agent, once.",
                "Create another bootstrap token.")
        case .bootstrapExpired(let time):
            message(
                "bootstrap-expired", "The bootstrap token has expired", "It was valid until \(time).",
                "Create another bootstrap token.")
        case .bootstrapTimeOutOfRange:
            message(
                "bootstrap-ttl-out-of-range", "The token's life is out of range",
                "A bootstrap token lives from 15 minutes to 168 hours.", "Choose a time within that range.")
        case .requestMissing:
            message(
                "request-missing", "The signing request is missing",
                "An agent that enrols sends a certificate signing request.", "Update the agent.")
        case .requestNotValid(let reason):
            message("request-not-valid", "The signing request does not hold", reason, "Enrol the agent again.")
        case .instanceUIDNotValid:
            message(
                "instance-uid-not-valid", "The instance uid is not valid", "It is not 16 bytes long.",
                "Mend the agent's identity file.")
        case .handoverUnderWay(let id):
            message(
                "handover-under-way", "The agent is being handed over",
                "Handover \(id) of this agent is open, and bound to the certificate that the agent holds.",
                "Cancel the handover with `mini-server handover cancel \(id)`, then enrol the agent again.")
        case .uidCollision(let uid, let row):
            message(
                "uid-collision", "Another agent here has that instance uid", "Row \(row) has instance uid \(uid).",
                "If that row is this host with a lost key, revoke it with `mini-server agent revoke \(row)`; else remove the "
                    + "file identity from the state directory of the newcomer.")
        case .groupMissing(let name):
            message(
                "group-missing", "No such group", "There is no group named \(name).", "Create it, or choose another.")
        case .configurationMissing(let name):
            message(
                "configuration-missing", "No such configuration", "There is no configuration named \(name).",
                "Create it, or choose another.")
        case .inUse(let name):
            message(
                "in-use", "It is in use", "\(name) is still assigned.", "Assign something else first.")
        case .keyNotDraft:
            message(
                "key-not-draft", "The key is not a draft", "Only a draft key can become active.",
                "Draft a new key first with `mini-server ca rotate --draft`.")
        case .keyNotTrusted:
            message(
                "key-not-trusted", "The key cannot retire", "Only a key that was replaced can be retired.",
                "Activate another key first with `mini-server ca rotate`.")
        case .keyStillNeeded(let time):
            message(
                "key-still-needed", "The key is still needed", "Its certificates are in use until \(time).",
                "Wait until then.")
        case .keyVouchesForAgents(let count):
            message(
                "key-vouches-for-agents", "Agents would be locked out",
                "\(count) of the agents here come in by a certificate that the key signed.",
                "Run `opamp-agent enroll --renew` on their hosts; `mini-server agent revoke` gives one up.")
        case .keyKnownAlone(let count):
            message(
                "key-known-alone", "Agents would be locked out",
                "\(count) of the connected agents have been connected since before another CA was made, and trust only "
                    + "this one.",
                "Restart those agents: each takes over the other CA when it connects. Then retire the key again.")
        case .keyNotYetValid(let time):
            message(
                "key-not-yet-valid", "The key is not valid yet", "Its certificate is valid from \(time).",
                "Correct the clock if it is behind. If the key was made while the clock was ahead, run `mini-server ca "
                    + "discard` and `mini-server ca rotate`.")
        case .tooManyKeys(let limit):
            message(
                "too-many-keys", "There is no room for another key",
                "Peers and agents take at most \(limit) CA keys of this server that are draft, active or trusted.",
                "Run `mini-server ca list`; `ca discard` removes a draft, `ca retire` a key replaced 30 days ago.")
        }
    }

    private func message(_ reason: String, _ title: String, _ cause: String, _ nextAction: String) -> OperatorMessage {
        OperatorMessage(code: "fleet.\(reason)", title: title, cause: cause, nextAction: nextAction)
    }
}
