package import Vocabulary

/// What the rules of the fleet do not allow.
package enum FleetRefusal: Error, Hashable, Sendable {
    case bootstrapUnknown
    case bootstrapUsed
    case bootstrapExpired(at: Timestamp)
    case bootstrapTimeOutOfRange
    case requestMissing
    case requestNotValid(String)
    case instanceUIDNotValid
    case handoverUnderWay(HandoverID)
    case groupMissing(String)
    case configurationMissing(String)
    case inUse(String)
    case remoteAgent(String)
}

extension FleetRefusal: OperatorExplainable {
    package var operatorMessage: OperatorMessage {
        switch self {
        case .bootstrapUnknown:
            message(
                "bootstrap-unknown", "The bootstrap token is not known",
                "This server did not create this token, or has deleted it.",
                "Create a bootstrap token on this server: `mini-server bootstrap-token create`.")
        case .bootstrapUsed:
            message(
                "bootstrap-used", "The bootstrap token has already been used", "A token enrolls one agent, once.",
                "Create a new one with `mini-server bootstrap-token create`.")
        case .bootstrapExpired(let time):
            message(
                "bootstrap-expired", "The bootstrap token has expired", "It was valid until \(time).",
                "Create a new one with `mini-server bootstrap-token create`.")
        case .bootstrapTimeOutOfRange:
            message(
                "bootstrap-ttl-out-of-range", "The token's lifetime is out of range",
                "A bootstrap token is valid for 15 minutes to 168 hours.", "Choose a time within that range.")
        case .requestMissing:
            message(
                "request-missing", "The signing request is missing",
                "An agent that enrolls must send a certificate signing request.", "Upgrade the agent.")
        case .requestNotValid(let reason):
            message(
                "request-not-valid", "The signing request is not valid", reason,
                "Enroll the host again: `opamp-agent enroll`.")
        case .instanceUIDNotValid:
            message(
                "instance-uid-not-valid", "The instance uid is not valid", "The instance uid is not 16 bytes long.",
                "The file `identity` is damaged. Run `opamp-agent reset`, then enroll the agent again.")
        case .handoverUnderWay(let id):
            message(
                "handover-under-way", "The agent is being handed over",
                "Handover \(id) of this agent is open, and its token is bound to the agent's present certificate.",
                "Cancel the handover with `mini-server handover cancel \(id)`, then enroll the agent again.")
        case .groupMissing(let name):
            message(
                "group-missing", "No such group", "This server has no group `\(name)`.",
                "Create it with `mini-server group add \(name)`, or choose another one.")
        case .configurationMissing(let name):
            message(
                "configuration-missing", "No such configuration", "This server has no configuration `\(name)`.",
                "Create it with `mini-server config add \(name) --file FILE`, or choose another one.")
        case .inUse(let name):
            message(
                "in-use", "The name is in use", "\(name) is still assigned.",
                "Assign another one first with `mini-server agent assign` or `mini-server group add`.")
        case .remoteAgent(let id):
            message(
                "remote-agent", "The agent belongs to a peer", "This server shows \(id) read-only.",
                "Run the command on the peer that has the agent.")
        }
    }

    private func message(_ reason: String, _ title: String, _ cause: String, _ nextAction: String) -> OperatorMessage {
        OperatorMessage(code: "fleet.\(reason)", title: title, cause: cause, nextAction: nextAction)
    }
}
