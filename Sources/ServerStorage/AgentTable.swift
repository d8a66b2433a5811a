import Certificates
import GRDB
package import ServerCore
package import Vocabulary

/// The rows of the fleet. What an agent reports stands in a table of its own, which handovers do not touch.
package struct AgentTable {
    let database: Database
    let seen: SeenAgents

    package func find(_ id: AgentID) throws -> AgentRecord? {
        try first("\(Self.whole) WHERE a.id = ?", [.text(id)])
    }

    /// The row with this leaf; otherwise the one that was issued it, or had it before its renewal.
    package func find(_ leaf: Fingerprint) throws -> AgentRecord? {
        try Self.byLeaf.lazy.compactMap { try first("\(Self.whole) \($0)", [.text(leaf)]) }.first
    }

    /// In order of their identifiers.
    package func all() throws -> [AgentRecord] { try records("\(Self.whole) ORDER BY a.id", []) }

    package func agents(withInstanceUID uid: InstanceUID) throws -> [AgentRecord] {
        try records("\(Self.whole) WHERE a.instanceUID = ? ORDER BY a.id", [.text(uid)])
    }

    /// - Parameters:
    ///   - query: text to look for in name, uid, fingerprint and identifier.
    ///   - after: the key of the last row already seen.
    package func list(query: String?, group: String?, after: String?, limit: Int) throws -> [AgentRecord] {
        let pattern = query.map { "%\($0.replacing("%", with: "").replacing("_", with: "\\_"))%" } ?? "%"
        return try records(
            """
            \(Self.whole) WHERE a.id > ?1 AND (?2 IS NULL OR a."group" = ?2) AND (
                a.displayName LIKE ?3 ESCAPE '\\' OR a.instanceUID LIKE ?3 ESCAPE '\\'
                OR a.leaf LIKE ?3 ESCAPE '\\' OR a.id LIKE ?3 ESCAPE '\\') ORDER BY a.id LIMIT ?4
            """,
            [.text(after ?? ""), .text(group), .text(pattern), .integer(Int64(limit))])
    }

    package func members(of group: String) throws -> [AgentRecord] {
        try records("\(Self.whole) WHERE a.\"group\" = ? ORDER BY a.id", [.text(group)])
    }

    package func assigned(configuration: String) throws -> [AgentRecord] {
        try records("\(Self.whole) WHERE a.configuration = ? ORDER BY a.id", [.text(configuration)])
    }

    /// Writes what differs from the row that is there, and what it reported only when that differs.
    package func save(_ agent: AgentRecord) throws {
        let known = seen.rows[agent.id]
        let former = try known?.row ?? find(agent.id)
        for leaf in [agent.leaf, agent.pendingLeaf].compactMap({ $0 })
        where leaf != former?.leaf && leaf != former?.pendingLeaf {
            try database.run(
                "INSERT OR IGNORE INTO leaves (fingerprint, der) VALUES (?, ?)",
                [.text(leaf.fingerprint), .bytes(leaf.der)])
        }
        if let former, AgentColumns.areFoundAlike(former, agent) {
            if AgentColumns.ofState(former).arguments != AgentColumns.ofState(agent).arguments {
                try database.run(AgentColumns.update, AgentColumns.ofState(agent) + [.text(agent.id)])
            }
        } else {
            try database.run(
                AgentColumns.save,
                [.text(agent.id)] + AgentColumns.byWhichFound(agent) + AgentColumns.ofState(agent))
        }
        let before = StoredReport(of: former)
        let after = StoredReport(of: agent)
        if after != before { try after.save(agent.id, in: database) }
        seen.rows[agent.id] = (agent, known?.isWhole ?? true)
    }

    /// When agents were heard last; the rest of their rows stays as it is.
    package func save(lastSeen times: [AgentID: Timestamp]) throws {
        for (agent, time) in times {
            try database.run(
                "UPDATE agents SET lastSeen = ?1 WHERE id = ?2 AND coalesce(lastSeen, ?1 - 1) < ?1",
                [.time(time), .text(agent)])
            seen.rows[agent] = nil
        }
    }

    /// The row without what it reported, which no decision about where an agent belongs asks for. To be saved in the
    /// transaction that read it or not at all.
    func findWithoutReport(_ id: AgentID) throws -> AgentRecord? {
        if let known = seen.rows[id] { return known.row }
        return try first("\(Self.bare) WHERE a.id = ?", [.text(id)])
    }

    /// As `find(_ leaf:)`, without what it reported.
    func findWithoutReport(_ leaf: Fingerprint) throws -> AgentRecord? {
        try Self.byLeaf.lazy.compactMap { try first("\(Self.bare) \($0)", [.text(leaf)]) }.first
    }

    func forgetConfigurationStatus(of agent: AgentID) throws {
        try database.run(
            "UPDATE reports SET configurationStatus = NULL WHERE agent = ? AND configurationStatus IS NOT NULL",
            [.text(agent)])
        seen.rows[agent] = nil
    }

    static let byLeaf = ["leaf", "pendingLeaf", "previousLeaf"].map { "WHERE a.\($0) = ? ORDER BY a.id LIMIT 1" }

    static let whole = """
        SELECT \(AgentColumns.list), r.description, r.health, r.configurationStatus FROM agents AS a
        \(leaves) LEFT JOIN reports AS r ON r.agent = a.id
        """

    static let bare = """
        SELECT \(AgentColumns.list) FROM agents AS a \(leaves)
        """

    private static let leaves = """
        LEFT JOIN leaves AS l ON l.fingerprint = a.leaf LEFT JOIN leaves AS p ON p.fingerprint = a.pendingLeaf
        """

    private func first(_ sql: String, _ values: [ColumnValue]) throws -> AgentRecord? {
        try database.row(sql, values).map(record)
    }

    private func records(_ sql: String, _ values: [ColumnValue]) throws -> [AgentRecord] {
        try database.rows(sql, values).map(record)
    }

    private func record(_ row: StoredRow) throws -> AgentRecord {
        do {
            var agent = try AgentColumns.record(row)
            let isWhole = row.row.count > AgentColumns.count
            if isWhole { try StoredReport(row, from: AgentColumns.count).apply(to: &agent) }
            // A row that was read whole in this transaction stays known as such.
            if isWhole || seen.rows[agent.id] == nil { seen.rows[agent.id] = (agent, isWhole) }
            return agent
        } catch {
            throw StorageFailure.unreadable(table: "agents", key: row.text(0))
        }
    }
}

/// The rows that a transaction has read or saved, so that a save knows what it changes.
final class SeenAgents {
    var rows: [AgentID: (row: AgentRecord, isWhole: Bool)] = [:]
}
