import Foundation
import GRDB
import PeerCore
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

    /// Walks the whole chain from the checkpoint on.
    func verify() throws -> AuditChain.Verdict {
        let rows = try Row.fetchAll(database, sql: "SELECT * FROM audit ORDER BY sequence")
        return AuditChain.verify(try rows.map(Self.entry), after: try checkpoint())
    }

    /// Deletes the entries up to and including this one, and leaves the row from which `verify` then starts.
    func forget(through sequence: Int64, by actor: String) throws {
        guard
            let hash = try [UInt8].fetch(
                database, sql: "SELECT hash FROM audit WHERE sequence = ?", arguments: [sequence])
        else { return }
        let earlier = try checkpoint()
        let count =
            try Int64.fetchOne(
                database, sql: "SELECT count(*) FROM audit WHERE sequence <= ?", arguments: [sequence]) ?? 0
        try database.execute(
            sql: "INSERT OR REPLACE INTO auditCheckpoint (id, sequence, hash, count, by) VALUES (1, ?, ?, ?, ?)",
            arguments: [sequence, Data(hash), count + (earlier?.count ?? 0), actor]
        )
        try database.execute(sql: "DELETE FROM audit WHERE sequence <= ?", arguments: [sequence])
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

extension [UInt8] {
    fileprivate static func fetch(_ database: Database, sql: String, arguments: StatementArguments) throws -> [UInt8]? {
        try Data.fetchOne(database, sql: sql, arguments: arguments).map(Array.init)
    }
}
