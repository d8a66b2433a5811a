import GRDB
import ServerAPI
import ServerCore
import Testing
import Vocabulary

@testable import MiniServer
@testable import ServerStorage

struct AuditInterfaceTests {
    private func saveGroups(_ count: Int, on server: RunningServer) async throws {
        for number in 0..<count {
            try await server.call(
                OperatorRoutes.saveGroup("group-\(number)"),
                sending: GroupSettings())
        }
    }

    private func execute(_ statements: [String], on server: RunningServer) async throws {
        try await server.server.context.database.write { tables in
            for statement in statements { try tables.database.execute(sql: statement) }
        }
    }

    private func prune(
        _ server: RunningServer, before time: Timestamp = .now + .seconds(1)
    ) async throws -> AuditPruned {
        try await server.call(OperatorRoutes.pruneAudit(), sending: AuditPruning(before: time))
    }

    private func verify(_ server: RunningServer) async throws -> AuditVerdict {
        try await server.call(OperatorRoutes.verifyAudit())
    }

    @Test func `a verification names the entry that does not read, and is in the trail itself`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            try await saveGroups(3, on: eu)
            #expect(try await verify(eu).ok)
            try await execute(
                ["DROP TRIGGER audit_never_changes", "UPDATE audit SET action = 'No.Such' WHERE sequence = 3"], on: eu)
            let verdict = try await verify(eu)
            #expect(!verdict.ok)
            #expect(verdict.brokenAt == 3)
            #expect(verdict.text.contains("entry 3 cannot be read"))
            let last = try await eu.server.context.database.read { try $0.audit.list(limit: 1)[0].entry }
            #expect(last.fact.action == .auditVerified)
            #expect(last.fact.after == verdict.text)
        }
    }

    @Test func `after a prune the trail is verified from its checkpoint on, and tells of it`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            try await saveGroups(4, on: eu)
            let before = try await eu.audit()
            let newest = try #require(before.first)
            let pruned = try await prune(eu)
            #expect(pruned == AuditPruned(entries: Int64(before.count), throughSequence: newest.sequence))

            let left = try await eu.audit()
            let entry = try #require(left.first)
            #expect(left.count == 1)
            #expect(entry.action == .auditCheckpointed && entry.actor == "admin")
            #expect(entry.sequence == newest.sequence + 1)
            #expect(entry.additional["hash"] == newest.hash && entry.additional["deleted"] == "\(before.count)")

            let verdict = try await verify(eu)
            #expect(verdict.ok && verdict.firstSequence == newest.sequence + 1)
            #expect(verdict.text.contains("starts at entry \(newest.sequence + 1), because admin deleted"))
        }
    }

    @Test func `nothing old is nothing to tell`() async throws {
        try await RunningServer.run("eu") { servers in
            let before = try await servers[0].audit()
            #expect(try await prune(servers[0], before: before[0].at - .seconds(3600)) == AuditPruned(entries: 0))
            #expect(try await servers[0].audit() == before)
        }
    }

    @Test func `what does not verify is not deleted`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            try await saveGroups(3, on: eu)
            try await execute(
                ["DROP TRIGGER audit_never_changes", "UPDATE audit SET actor = 'mallory' WHERE sequence = 2"], on: eu)
            let before = try await eu.audit()
            let answer = try await eu.exchange(
                OperatorRoutes.pruneAudit(), bearer: eu.admin, sending: AuditPruning(before: .now + .seconds(1)))
            #expect(answer.status == 409)
            #expect(answer.problem?.code == "audit.broken")
            #expect(try await eu.audit() == before)
        }
    }

    @Test func `a prune that cannot be told in the trail does not happen`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            try await saveGroups(3, on: eu)
            let before = try await eu.audit()
            try await execute(
                [
                    """
                    CREATE TRIGGER refuse BEFORE INSERT ON audit WHEN NEW.action = 'Audit.Checkpointed'
                    BEGIN SELECT RAISE(ABORT, 'not today'); END
                    """
                ], on: eu)
            let answer = try await eu.exchange(
                OperatorRoutes.pruneAudit(), bearer: eu.admin, sending: AuditPruning(before: .now + .seconds(1)))
            #expect(answer.status == 503)
            #expect(try await eu.audit() == before)
            #expect(try await verify(eu).firstSequence == 1)
        }
    }

    /// Records that no version could read stand for all the handovers that an answer has no business to read.
    @Test func `figures and one agent's details read no handover of others`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let agent = try await eu.enrolledAgent()
            let (id, leaf) = (String(repeating: "0", count: 32), String(repeating: "0", count: 64))
            let others = ["source", "target"].map { role in
                """
                INSERT INTO handovers (role, id, phase, isOpen, concernsAgent, agent, leaf, epoch, peer, issuedAt,
                    updatedAt, stamp, state)
                VALUES ('\(role)', '\(id)', 'settled', 0, 0, 'other', '\(leaf)', 1, '\(id)', 0, 0, 0, '{')
                """
            }
            try await execute(["INSERT INTO claims VALUES ('\(id)', '{')"] + others, on: eu)
            let metrics = try await eu.exchange(RouteTarget(method: .get, path: PublicPaths.metrics), bearer: nil)
            #expect(metrics.status == 200)
            #expect(metrics.text.contains(#"handover_handovers{role="source",phase="settled"} 1"#), "\(metrics.text)")
            #expect(metrics.text.contains(#"handover_handovers{role="target",phase="settled"} 1"#))
            let last = try await eu.server.context.database.read { try $0.audit.lastSequence() }
            #expect(metrics.text.contains("handover_audit_entries \(last)\n"))
            #expect(metrics.text.contains("# TYPE storage_commits_total counter\nstorage_commits_total "))
            #expect(metrics.text.contains("# TYPE storage_wal_bytes gauge\nstorage_wal_bytes "))

            let detail = try await eu.call(
                OperatorRoutes.agent(agent.description))
            #expect(detail.handovers.isEmpty)
            let open = try await eu.call(OperatorRoutes.handovers(query: [.open: "true"]))
            let own = try await eu.call(OperatorRoutes.handovers(query: [.agent: "\(agent)"]))
            #expect(open.items.isEmpty && own.items.isEmpty)
        }
    }
}
