import GRDB
package import ServerCore
package import Vocabulary

/// The append-only audit trail.
package struct AuditTable {
    let database: Database

    /// Appends behind the last entry, with its hash; part of the transaction of what it tells.
    @discardableResult
    package func append(_ fact: AuditFact, context: AuditContext, at now: Timestamp) throws -> AuditEntry {
        let last = try database.row(Self.last)
        let checkpoint = last == nil ? try self.checkpoint() : nil
        let entry = AuditEntry(
            sequence: (last?.integer(0) ?? checkpoint?.sequence ?? 0) + 1,
            at: now,
            context: context,
            fact: fact,
            previousHash: last?.bytes(1) ?? checkpoint?.hash ?? AuditChain.origin
        )
        try database.run(
            Self.insert,
            [
                .integer(entry.sequence), .time(entry.at), .text(context.actor), .text(context.role),
                .text(fact.action.rawValue), .text(fact.entityType), .text(fact.entityID), .text(fact.before),
                .text(fact.after), .text(context.sourceAddress), .text(context.traceID), .text(fact.originPeerID),
                .text(fact.additional.description), .bytes(entry.previousHash), .bytes(AuditChain.hash(entry)),
                .text(fact.additional["handover"]?.string),
            ])
        return entry
    }

    /// Newest first.
    ///
    /// - Parameters:
    ///   - agents: rows and fingerprints by which the agent is known here; empty for everything.
    ///   - before: only entries with a lower sequence.
    package func list(
        agents: [String] = [],
        action: String? = nil,
        handover: HandoverID? = nil,
        before: Int64? = nil,
        limit: Int
    ) throws -> [(entry: AuditEntry, hash: [UInt8])] {
        let names = agents.isEmpty ? nil : JSON.array(agents.map(JSON.string)).description
        let sql = handover == nil ? Self.page : Self.pageOfHandover
        return try database.rows(
            sql,
            [
                .integer(before ?? .max), .text(names), .text(action), .text(handover), .integer(Int64(limit)),
            ]
        ).map(Self.entry)
    }

    /// Walks the chain from the checkpoint on.
    ///
    /// - Parameter last: where to stop; absent, at the end.
    package func verify(through last: Int64 = .max) throws -> AuditChain.Verdict {
        var walk = AuditChain.Walk(after: try checkpoint())
        let statement = try database.cachedStatement(sql: Self.walk)
        let rows = try Row.fetchCursor(statement, arguments: [last])
        while let row = try rows.next() {
            let stored = StoredRow(row: row)
            if let verdict = walk.fault(at: stored.integer(0), reading: try? Self.entry(stored)) { return verdict }
        }
        return walk.end
    }

    /// The last entry before the first one that is not older than this; `nil` when there is none to forget.
    package func last(before time: Timestamp) throws -> Int64? {
        try Int64.fetchOne(
            database.cachedStatement(sql: Self.lastBefore), arguments: [Int64.max, time.milliseconds])
    }

    /// Deletes the entries up to and including this one, and leaves the row from which `verify` then starts.
    ///
    /// - Returns: that row and how many entries went; `nil` when there is no such entry, and nothing is deleted.
    package func forget(
        through sequence: Int64, by actor: String
    ) throws -> (left: AuditChain.Checkpoint, deleted: Int64)? {
        let row = try database.row("SELECT hash FROM audit WHERE sequence = ?", [.integer(sequence)])
        guard let hash = row?.bytes(0) else { return nil }
        let deleted =
            try database.row("SELECT count(*) FROM audit WHERE sequence <= ?", [.integer(sequence)])?.integer(0) ?? 0
        let checkpoint = AuditChain.Checkpoint(
            sequence: sequence, hash: hash, count: deleted + (try self.checkpoint()?.count ?? 0), by: actor)
        try database.run(
            "INSERT OR REPLACE INTO auditCheckpoint (id, sequence, hash, count, by) VALUES (1, ?, ?, ?, ?)",
            [.integer(sequence), .bytes(hash), .integer(checkpoint.count), .text(actor)])
        try database.run("DELETE FROM audit WHERE sequence <= ?", [.integer(sequence)])
        return (checkpoint, deleted)
    }

    /// The number of the last entry; 0 before the first.
    package func lastSequence() throws -> Int64 {
        try database.row(Self.last)?.integer(0) ?? checkpoint()?.sequence ?? 0
    }

    package func checkpoint() throws -> AuditChain.Checkpoint? {
        try database.row("SELECT sequence, hash, count, by FROM auditCheckpoint WHERE id = 1").map { row in
            AuditChain.Checkpoint(
                sequence: row.integer(0), hash: row.bytes(1), count: row.integer(2), by: row.text(3))
        }
    }

    private static func entry(_ row: StoredRow) throws -> (entry: AuditEntry, hash: [UInt8]) {
        let sequence = row.integer(0)
        guard
            let action = AuditAction(rawValue: row.text(4)),
            let additional = try? JSON(reading: Array(row.text(12).utf8))
        else { throw StorageFailure.unreadable(table: "audit", key: String(sequence)) }
        let entry = AuditEntry(
            sequence: sequence,
            at: row.time(1),
            context: AuditContext(
                actor: row.text(2), role: row.text(3), sourceAddress: row.optionalText(9),
                traceID: row.optionalText(10)),
            fact: AuditFact(
                action, entityType: row.text(5), entityID: row.text(6), before: row.optionalText(7),
                after: row.optionalText(8), originPeerID: row.optionalText(11).flatMap { PeerID($0) },
                additional: additional),
            previousHash: row.bytes(13)
        )
        return (entry, row.bytes(14))
    }
}

extension AuditTable {
    private static let columns = """
        sequence, at, actor, role, action, entityType, entityID, before, after, sourceAddress, traceID, originPeerID,
        additional, previousHash, hash
        """

    static let insert = """
        INSERT INTO audit (\(columns), handover)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    static let last = "SELECT sequence, hash FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)"

    private static let walk = "SELECT \(columns) FROM audit WHERE sequence <= ? ORDER BY sequence"

    private static let lastBefore = """
        SELECT max(sequence) FROM audit
        WHERE sequence < (SELECT coalesce(min(sequence), ?) FROM audit WHERE at >= ?)
        """

    private static let ofAgentAndAction = """
        (?2 IS NULL OR entityID IN (SELECT value FROM json_each(?2))
            OR json_extract(additional, '$.fingerprint') IN (SELECT value FROM json_each(?2))
            OR json_extract(additional, '$.originAgent') IN (SELECT value FROM json_each(?2)))
        AND (?3 IS NULL OR action = ?3)
        """

    static let page = """
        SELECT \(columns) FROM audit WHERE sequence < ?1 AND \(ofAgentAndAction) AND ?4 IS NULL
        ORDER BY sequence DESC LIMIT ?5
        """

    static let pageOfHandover = """
        SELECT \(columns) FROM audit WHERE handover = ?4 AND sequence < ?1 AND \(ofAgentAndAction)
        ORDER BY sequence DESC LIMIT ?5
        """
}
