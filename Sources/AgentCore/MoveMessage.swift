import OpAMPProto
public import Vocabulary

/// The custom messages of a move.
public enum MoveMessage {
    public static let capability = "io.opamp-handover.move/1"

    /// Agent to server, in the first report of every line: `{"epoch":3,"jti":"<hex>"}`, `jti` only after a handover.
    public static let standingType = "standing"
    /// Server to agent, with or before the leaf of an enrolment: PEM of the token signers.
    public static let trustType = "trust"
    /// Server to agent, at any time: a trust statement signed by a signer the agent already holds.
    public static let statementType = "trust-statement"

    /// JSON text of the standing message.
    public static func standing(epoch: Epoch, handover: HandoverID?) -> [UInt8] {
        let json = JSON.members([
            "epoch": .integer(Int64(clamping: epoch)), "jti": handover.map { .string($0.description) },
        ])
        return Array(json.description.utf8)
    }
}

/// The headers of ours on a dial.
public enum MoveHeader {
    /// `jti` of the handover a candidate is dialled for.
    public static let handoverID = "Handover-Id"
    /// In an offer only: the token; never sent by the agent.
    public static let handoverToken = "Handover-Token"
    /// OpAMP, Plain HTTP Transport.
    public static let instanceUID = "OpAMP-Instance-UID"
}
