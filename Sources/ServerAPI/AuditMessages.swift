public import Vocabulary

/// One entry of the audit trail.
public struct AuditEvent: Codable, Hashable, Sendable {
    public var sequence: Int64
    public var at: Timestamp
    public var actor: String
    public var role: String
    public var action: String
    public var entityType: String
    public var entityID: String
    public var before: String?
    public var after: String?
    public var sourceAddress: String?
    public var traceID: String?
    public var originPeerID: PeerID?
    public var additional: [String: String]
    public var hash: String

    public init(
        sequence: Int64,
        at: Timestamp,
        actor: String,
        role: String,
        action: String,
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
public struct AuditVerdict: Codable, Hashable, Sendable {
    public var ok: Bool
    public var entries: Int
    /// Where the check began: 1, or behind what was deleted.
    public var firstSequence: Int64?
    public var lastSequence: Int64?
    public var headHash: String
    /// The first entry that does not hold.
    public var brokenAt: Int64?
    public var text: String

    public init(
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
public struct AuditPruning: Codable, Hashable, Sendable {
    /// Entries from then on stay, and so does every one behind the first of them.
    public var before: Timestamp

    public init(before: Timestamp) {
        self.before = before
    }
}

/// What was deleted.
public struct AuditPruned: Codable, Hashable, Sendable {
    public var entries: Int64
    /// The last entry that was deleted; absent when there was none.
    public var throughSequence: Int64?

    public init(entries: Int64, throughSequence: Int64? = nil) {
        self.entries = entries
        self.throughSequence = throughSequence
    }
}
