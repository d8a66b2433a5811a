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

extension FleetRefusal: OperatorCoded {
    package typealias Code = FleetCode

    package var words: Words {
        switch self {
        case .bootstrapUnknown:
            (
                .bootstrapUnknown, "The bootstrap token is not known",
                "This server did not create this token, or has deleted it.",
                "Create a bootstrap token on this server: `mini-server bootstrap-token create`."
            )
        case .bootstrapUsed:
            (
                .bootstrapUsed, "The bootstrap token has already been used", "A token enrolls one agent, once.",
                "Create a new one with `mini-server bootstrap-token create`."
            )
        case .bootstrapExpired(let time):
            (
                .bootstrapExpired, "The bootstrap token has expired", "It was valid until \(time).",
                "Create a new one with `mini-server bootstrap-token create`."
            )
        case .bootstrapTimeOutOfRange:
            (
                .bootstrapTtlOutOfRange, "The token's lifetime is out of range",
                "A bootstrap token is valid for 15 minutes to 168 hours.", "Choose a time within that range."
            )
        case .requestMissing:
            (
                .requestMissing, "The signing request is missing",
                "An agent that enrolls must send a certificate signing request.", "Upgrade the agent."
            )
        case .requestNotValid(let reason):
            (
                .requestNotValid, "The signing request is not valid", reason,
                "Enroll the host again: `opamp-agent enroll`."
            )
        case .instanceUIDNotValid:
            (
                .instanceUidNotValid, "The instance uid is not valid", "The instance uid is not 16 bytes long.",
                "The file `identity` is damaged. Run `opamp-agent reset`, then enroll the agent again."
            )
        case .handoverUnderWay(let id):
            (
                .handoverUnderWay, "The agent is being handed over",
                "Handover \(id) of this agent is open, and its token is bound to the agent's present certificate.",
                "Cancel the handover with `mini-server handover cancel \(id)`, then enroll the agent again."
            )
        case .groupMissing(let name):
            (
                .groupMissing, "No such group", "This server has no group `\(name)`.",
                "Create it with `mini-server group add \(name)`, or choose another one."
            )
        case .configurationMissing(let name):
            (
                .configurationMissing, "No such configuration", "This server has no configuration `\(name)`.",
                "Create it with `mini-server config add \(name) --file FILE`, or choose another one."
            )
        case .inUse(let name):
            (
                .inUse, "The name is in use", "\(name) is still assigned.",
                "Assign another one first with `mini-server agent assign` or `mini-server group add`."
            )
        case .remoteAgent(let id):
            (
                .remoteAgent, "The agent belongs to a peer", "This server shows \(id) read-only.",
                "Run the command on the peer that has the agent."
            )
        }
    }
}
