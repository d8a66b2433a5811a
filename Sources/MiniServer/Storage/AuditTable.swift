import Foundation
import GRDB
import ServerCore
import Vocabulary

/// The append-only audit trail.
struct AuditTable {
    let database: Database

    /// Appends behind the last entry, with its hash; part of the transaction of what it tells.
    @discardableResult
    func append(_ fact: AuditFact, context: AuditContext, at now: Timestamp) throws -> AuditEntry {
        let last = try Row.fetchOne(database, sql: "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
        let checkpoint = last == nil ? try self.checkpoint() : nil
        let entry = AuditEntry(
            sequence: (last?["sequence"] ?? checkpoint?.sequence ?? 0) + 1,
            at: now,
            context: context,
            fact: fact,
            previousHash: last.map { Array($0["hash"] as Data) } ?? checkpoint?.hash ?? AuditChain.origin
        )
        try database.execute(
            sql: """
                INSERT INTO audit (sequence, at, actor, role, action, entityType, entityID, before, after,
                    sourceAddress, traceID, originPeerID, additional, previousHash, hash)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                entry.sequence, entry.at.milliseconds, context.actor, context.role, fact.action.rawValue,
                fact.entityType, fact.entityID, fact.before, fact.after, context.sourceAddress, context.traceID,
                fact.originPeerID?.description, fact.additional.description, Data(entry.previousHash),
                Data(AuditChain.hash(entry)),
            ]
        )
        return entry
    }

    /// Newest first.
    ///
    /// - Parameters:
    ///   - agents: rows and fingerprints by which the agent is known here; empty for everything.
    ///   - before: only entries with a lower sequence.
    func list(
        agents: [String] = [],
        action: String? = nil,
        handover: HandoverID? = nil,
        before: Int64? = nil,
        limit: Int
    ) throws -> [(entry: AuditEntry, hash: [UInt8])] {
        var conditions: [String] = []
        var arguments: [(any DatabaseValueConvertible)?] = []
        if !agents.isEmpty {
            let marks = agents.map { _ in "?" }.joined(separator: ", ")
            conditions.append(
                """
                (entityID IN (\(marks)) OR json_extract(additional, '$.fingerprint') IN (\(marks))
                    OR json_extract(additional, '$.originAgent') IN (\(marks)))
                """)
            arguments += agents + agents + agents
        }
        if let action {
            conditions.append("action = ?")
            arguments.append(action)
        }
        if let handover {
            conditions.append("json_extract(additional, '$.handover') = ?")
            arguments.append(handover.description)
        }
        if let before {
            conditions.append("sequence < ?")
            arguments.append(before)
        }
        let condition = conditions.isEmpty ? "TRUE" : conditions.joined(separator: " AND ")
        return try Row.fetchAll(
            database, sql: "SELECT * FROM audit WHERE \(condition) ORDER BY sequence DESC LIMIT ?",
            arguments: StatementArguments(arguments + [limit])
        ).map(Self.entry)
    }

    /// Walks the chain from the checkpoint on.
    ///
    /// - Parameter last: where to stop; absent, at the end.
    func verify(through last: Int64 = .max) throws -> AuditChain.Verdict {
        var walk = AuditChain.Walk(after: try checkpoint())
        let rows = try Row.fetchCursor(
            database, sql: "SELECT * FROM audit WHERE sequence <= ? ORDER BY sequence", arguments: [last])
        while let row = try rows.next() {
            if let verdict = walk.fault(at: row["sequence"], reading: try? Self.entry(row)) { return verdict }
        }
        return walk.end
    }

    /// The last entry before the first one that is not older than this; `nil` when there is none to forget.
    func last(before time: Timestamp) throws -> Int64? {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT max(sequence) FROM audit
                WHERE sequence < (SELECT coalesce(min(sequence), ?) FROM audit WHERE at >= ?)
                """,
            arguments: [Int64.max, time.milliseconds])
    }

    /// Deletes the entries up to and including this one, and leaves the row from which `verify` then starts.
    ///
    /// - Returns: that row and how many entries went; `nil` when there is no such entry, and nothing is deleted.
    func forget(through sequence: Int64, by actor: String) throws -> (left: AuditChain.Checkpoint, deleted: Int64)? {
        let hash = try Data.fetchOne(
            database, sql: "SELECT hash FROM audit WHERE sequence = ?", arguments: [sequence])
        guard let hash else { return nil }
        let deleted =
            try Int64.fetchOne(
                database, sql: "SELECT count(*) FROM audit WHERE sequence <= ?", arguments: [sequence]) ?? 0
        let checkpoint = AuditChain.Checkpoint(
            sequence: sequence, hash: Array(hash), count: deleted + (try self.checkpoint()?.count ?? 0), by: actor)
        try database.execute(
            sql: "INSERT OR REPLACE INTO auditCheckpoint (id, sequence, hash, count, by) VALUES (1, ?, ?, ?, ?)",
            arguments: [checkpoint.sequence, hash, checkpoint.count, actor]
        )
        try database.execute(sql: "DELETE FROM audit WHERE sequence <= ?", arguments: [sequence])
        return (checkpoint, deleted)
    }

    /// The number of the last entry; 0 before the first.
    func lastSequence() throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM audit") ?? checkpoint()?.sequence ?? 0
    }

    func checkpoint() throws -> AuditChain.Checkpoint? {
        try Row.fetchOne(database, sql: "SELECT * FROM auditCheckpoint").map { row in
            AuditChain.Checkpoint(
                sequence: row["sequence"], hash: Array(row["hash"] as Data), count: row["count"], by: row["by"])
        }
    }

    private static func entry(_ row: Row) throws -> (entry: AuditEntry, hash: [UInt8]) {
        let sequence: Int64 = row["sequence"]
        guard
            let action = AuditAction(rawValue: row["action"]),
            let additional = try? JSON(reading: Array((row["additional"] as String).utf8))
        else { throw StorageFailure.unreadable(table: "audit", key: String(sequence)) }
        let entry = AuditEntry(
            sequence: sequence,
            at: Timestamp(milliseconds: row["at"]),
            context: AuditContext(
                actor: row["actor"], role: row["role"], sourceAddress: row["sourceAddress"], traceID: row["traceID"]),
            fact: AuditFact(
                action, entityType: row["entityType"], entityID: row["entityID"], before: row["before"],
                after: row["after"], originPeerID: (row["originPeerID"] as String?).flatMap { PeerID($0) },
                additional: additional),
            previousHash: Array(row["previousHash"] as Data)
        )
        return (entry, Array(row["hash"] as Data))
    }
}
