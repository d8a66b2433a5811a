public import Vocabulary

/// What happened, as the rules know it: who did it, from where and under which trace is the shell's to add.
public struct AuditFact: Hashable, Sendable {
    public var action: AuditAction
    /// `agent`, `peer`, `handover`, `group` ...
    public var entityType: String
    public var entityID: String
    public var before: String?
    public var after: String?
    /// The source of the handover that this is part of, on both sides.
    public var originPeerID: PeerID?
    /// An object; never holds a secret.
    public var additional: JSON

    public init(
        _ action: AuditAction,
        entityType: String,
        entityID: String,
        before: String? = nil,
        after: String? = nil,
        originPeerID: PeerID? = nil,
        additional: JSON = .object([])
    ) {
        self.action = action
        self.entityType = entityType
        self.entityID = entityID
        self.before = before
        self.after = after
        self.originPeerID = originPeerID
        self.additional = additional
    }
}

/// Who acted, and how the act came in.
public struct AuditContext: Hashable, Sendable {
    /// An operator token's name, `peer:<name>`, `agent:<row>` or `server`.
    public var actor: String
    /// `viewer`, `operator`, `admin`, `peer`, `agent` or `server`.
    public var role: String
    public var sourceAddress: String?
    /// The trace identifier of the W3C `traceparent`: 32 lower-case hexadecimal digits.
    public var traceID: String?

    public init(actor: String, role: String, sourceAddress: String? = nil, traceID: String? = nil) {
        self.actor = actor
        self.role = role
        self.sourceAddress = sourceAddress
        self.traceID = traceID
    }
}

/// One row of the append-only audit trail.
public struct AuditEntry: Hashable, Sendable {
    /// 1 for the first entry of a server, without gaps.
    public var sequence: Int64
    public var at: Timestamp
    public var context: AuditContext
    public var fact: AuditFact
    /// The hash of the entry before; `AuditChain.origin` for the first.
    public var previousHash: [UInt8]

    public init(sequence: Int64, at: Timestamp, context: AuditContext, fact: AuditFact, previousHash: [UInt8]) {
        self.sequence = sequence
        self.at = at
        self.context = context
        self.fact = fact
        self.previousHash = previousHash
    }
}
