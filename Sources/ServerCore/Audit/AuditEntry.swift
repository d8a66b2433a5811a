package import Vocabulary

/// What happened, as the rules know it: who did it, from where and under which trace is the shell's to add.
package struct AuditFact: Hashable, Sendable {
    package var action: AuditAction
    /// `agent`, `peer`, `handover`, `group` ...
    package var entityType: String
    package var entityID: String
    package var before: String?
    package var after: String?
    /// The source of the handover that this is part of, on both sides.
    package var originPeerID: PeerID?
    /// An object; never holds a secret.
    package var additional: JSON

    package init(
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
package struct AuditContext: Hashable, Sendable {
    /// An operator token's name, `peer:<name>`, `agent:<row>` or `server`.
    package var actor: String
    /// `viewer`, `operator`, `admin`, `peer`, `agent` or `server`.
    package var role: String
    package var sourceAddress: String?
    /// The trace identifier of the W3C `traceparent`: 32 lower-case hexadecimal digits.
    package var traceID: String?

    package init(actor: String, role: String, sourceAddress: String? = nil, traceID: String? = nil) {
        self.actor = actor
        self.role = role
        self.sourceAddress = sourceAddress
        self.traceID = traceID
    }
}

/// One row of the append-only audit trail.
package struct AuditEntry: Hashable, Sendable {
    /// 1 for the first entry of a server, without gaps.
    package var sequence: Int64
    package var at: Timestamp
    package var context: AuditContext
    package var fact: AuditFact
    /// The hash of the entry before; `AuditChain.origin` for the first.
    package var previousHash: [UInt8]

    package init(sequence: Int64, at: Timestamp, context: AuditContext, fact: AuditFact, previousHash: [UInt8]) {
        self.sequence = sequence
        self.at = at
        self.context = context
        self.fact = fact
        self.previousHash = previousHash
    }
}
