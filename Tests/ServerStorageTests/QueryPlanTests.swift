import GRDB
import Testing

@testable import ServerStorage

/// What is asked for a message, a notice or a connection finds its rows by an index.
struct QueryPlanTests {
    static let questions: [String] =
        AgentTable.byLeaf.flatMap { ["\(AgentTable.whole) \($0)", "\(AgentTable.bare) \($0)"] } + [
            "\(AgentTable.whole) WHERE a.id = ?", "\(AgentTable.bare) WHERE a.id = ?",
            "\(AgentTable.whole) WHERE a.instanceUID = ? ORDER BY a.id",
            "\(AgentTable.whole) WHERE a.\"group\" = ? ORDER BY a.id",
            "\(AgentTable.whole) WHERE a.configuration = ? ORDER BY a.id",
            AgentColumns.update, AgentColumns.save,
            HandoverQuery.find, HandoverQuery.open, HandoverQuery.ofLeaf, HandoverQuery.ofAgent,
            HandoverQuery.latestOfAgent,
            HandoverQuery.openOfAgent, HandoverQuery.pending, HandoverQuery.binding, HandoverQuery.phases,
            HandoverQuery.texts, HandoverQuery.update, HandoverQuery.insert,
            AuditTable.last, AuditTable.insert, AuditTable.page, AuditTable.pageOfHandover,
            OutboxTable.insert, OutboxTable.delete, OutboxTable.ofHandover,
            StoredBootstrapToken.layout.find, StoredOperatorToken.layout.find, FactRecord.layout.find,
            "SELECT stamp FROM changes WHERE topic = ?",
        ]

    private func plan(_ sql: String, _ file: DatabaseFile) async throws -> [String] {
        try await file.database.read { tables in
            let statement = try tables.database.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
            // Without values each parameter is NULL.
            statement.setUncheckedArguments(StatementArguments())
            return try Row.fetchAll(statement).map { $0["detail"] }
        }
    }

    private static let tables = [
        "agents", "a", "handovers", "claims", "audit", "outbox", "leaves", "reports", "l", "r",
    ]

    /// By the side alone half of all handovers are found.
    private static func walks(_ plan: [String]) -> [String] {
        plan.filter {
            $0.hasSuffix("(role=?)") && !$0.contains("handovers_open_side") && !$0.contains("handovers_phase")
        }
            + scans(plan)
    }

    private static func scans(_ plan: [String]) -> [String] {
        plan.filter { step in
            let words = step.split(separator: " ")
            guard words.count > 1, words[0] == "SCAN", tables.contains(String(words[1])) else { return false }
            return true
        }
    }

    @Test(arguments: questions) func `no table is walked through`(sql: String) async throws {
        try await DatabaseFile.open { file in
            let plan = try await plan(sql, file)
            #expect(Self.walks(plan).isEmpty, "\(plan)")
            #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        }
    }

    /// A page starts where the last one ended and stops when it is full; its rows come from the index in their order.
    @Test(arguments: [HandoverQuery.anyPage, HandoverQuery.openPage])
    func `a page of handovers is read in the order of an index`(sql: String) async throws {
        try await DatabaseFile.open { file in
            let plan = try await plan(sql, file)
            #expect(Self.scans(plan).isEmpty && !plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        }
    }

    @Test func `the open ones have indexes of their own`() async throws {
        try await DatabaseFile.open { file in
            for (sql, index) in [
                (HandoverQuery.open, "handovers_open_side"), (HandoverQuery.pending, "handovers_pending"),
                (HandoverQuery.openOfAgent, "handovers_pending"), (HandoverQuery.binding, "handovers_binding"),
                (HandoverQuery.openPage, "handovers_open"),
            ] {
                let plan = try await plan(sql, file)
                #expect(plan.contains { $0.contains(index) }, "\(plan)")
            }
        }
    }

    @Test func `the test finds a walk`() async throws {
        try await DatabaseFile.open { file in
            let plan = try await plan("SELECT * FROM agents WHERE displayName = 'x'", file)
            #expect(Self.scans(plan).count == 1)
        }
    }
}
