package import Vocabulary

/// One entry of the audit trail.
package struct AuditEvent: Codable, Hashable, Sendable {
    package var sequence: Int64
    package var at: Timestamp
    package var actor: String
    package var role: String
    package var action: OpenWord<AuditAction>
    package var entityType: String
    package var entityID: String
    package var before: String?
    package var after: String?
    package var sourceAddress: String?
    package var traceID: String?
    package var originPeerID: PeerID?
    package var additional: [String: String]
    package var hash: String

    package init(
        sequence: Int64,
        at: Timestamp,
        actor: String,
        role: String,
        action: OpenWord<AuditAction>,
        entityType: String,
        entityID: String,
        before: String? = nil,
        after: String? = nil,
        sourceAddress: String? = nil,
        traceID: String? = nil,
        originPeerID: PeerID? = nil,
        additional: [String: String] = [:],
        hash: String
    ) {
        self.sequence = sequence
        self.at = at
        self.actor = actor
        self.role = role
        self.action = action
        self.entityType = entityType
        self.entityID = entityID
        self.before = before
        self.after = after
        self.sourceAddress = sourceAddress
        self.traceID = traceID
        self.originPeerID = originPeerID
        self.additional = additional
        self.hash = hash
    }
}

/// The answer of `verify`.
package struct AuditVerdict: Codable, Hashable, Sendable {
    package var ok: Bool
    package var entries: Int
    /// Where the check began: 1, or behind what was deleted.
    package var firstSequence: Int64?
    package var lastSequence: Int64?
    package var headHash: String
    /// The first entry that does not hold.
    package var brokenAt: Int64?
    package var text: String

    package init(
        ok: Bool,
        entries: Int,
        firstSequence: Int64? = nil,
        lastSequence: Int64? = nil,
        headHash: String,
        brokenAt: Int64? = nil,
        text: String
    ) {
        self.ok = ok
        self.entries = entries
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.headHash = headHash
        self.brokenAt = brokenAt
        self.text = text
    }
}

/// Deletes old entries, for good.
package struct AuditPruning: Codable, Hashable, Sendable {
    /// Entries from then on stay, and so does every one behind the first of them.
    package var before: Timestamp

    package init(before: Timestamp) {
        self.before = before
    }
}

/// What was deleted.
package struct AuditPruned: Codable, Hashable, Sendable {
    package var entries: Int64
    /// The last entry that was deleted; absent when there was none.
    package var throughSequence: Int64?

    package init(entries: Int64, throughSequence: Int64? = nil) {
        self.entries = entries
        self.throughSequence = throughSequence
    }
}
