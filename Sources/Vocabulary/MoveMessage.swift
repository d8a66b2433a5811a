/// The names of a move on the wire, which agent and server have to write alike.
public enum MoveMessage {
    /// Custom capability of agents and servers that know this handover.
    public static let capability = "io.opamp-handover.move/1"

    /// Agent to server, once a connection, as soon as the server has listed the capability: `HandoverEpoch.json`.
    public static let standingType = "standing"
    /// Server to agent, with or before the leaf of an enrolment: PEM of the token signers.
    public static let trustType = "trust"
    /// Server to agent, at any time: a trust statement signed by a signer the agent already holds.
    public static let statementType = "trust-statement"
}

/// The headers of a move.
public enum MoveHeader {
    /// Agent to server: `jti` of the handover a candidate is dialled for.
    public static let handoverID = "Handover-Id"
    /// In an offer only: the token; never sent by the agent.
    public static let handoverToken = "Handover-Token"
    /// Server to agent: why a dial is refused.
    public static let handoverCause = "OpAMP-Handover-Cause"
    /// Server to agent, beside the cause: what an operator can do about it, in one line of printable ASCII.
    public static let handoverNext = "OpAMP-Handover-Next"
    /// Agent to server, with each upgrade and the first POST of a run: `HandoverEpoch.headerText`.
    public static let handoverEpoch = "Handover-Epoch"
    /// OpAMP, Plain HTTP Transport.
    public static let instanceUID = "OpAMP-Instance-UID"
}
