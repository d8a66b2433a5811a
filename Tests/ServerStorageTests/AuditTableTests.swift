import GRDB
import ServerCore
import ServerStorage
import TestValues
import Testing
import Vocabulary

@testable import ServerStorage

struct AuditTableTests {
    private static let columns = """
        at, 'mallory', role, action, entityType, entityID, before, after, sourceAddress, traceID, originPeerID,
        additional, previousHash, hash, handover FROM audit
        """

    @Test(arguments: [
        "UPDATE audit SET actor = 'mallory' WHERE sequence = 2",
        "UPDATE OR REPLACE audit SET sequence = 1 WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = 4",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT sequence, \(columns) WHERE sequence = 2",
        "INSERT OR REPLACE INTO audit SELECT sequence, \(columns) WHERE sequence = 4",
        "REPLACE INTO audit SELECT sequence, \(columns)",
        """
        INSERT INTO audit SELECT sequence, \(columns) WHERE sequence = 2
            ON CONFLICT (sequence) DO UPDATE SET actor = excluded.actor
        """,
        "INSERT INTO audit SELECT 0, \(columns) WHERE sequence = 2",
        "INSERT INTO audit SELECT 9, \(columns) WHERE sequence = 4",
        "INSERT INTO audit SELECT NULL, \(columns) WHERE sequence = 4",
    ]) func `nothing but the next entry is taken`(statement: String) async throws {
        try await DatabaseFile.open { file in
            try await file.append(4)
            let before = try await file.trail()
            let error = #expect(throws: DatabaseError.self) { try file.execute([statement]) }
            #expect(error?.message == "the audit trail is append-only")
            #expect(try await file.trail() == before)
            try await file.append(1)
            #expect(try await file.trail().count == 5)
        }
    }

    struct Tampering: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let statements: [String]
        let verdict: AuditChain.Verdict
    }

    /// What somebody does who has the file and drops the triggers first.
    static let tamperings = [
        Tampering(
            testDescription: "a changed entry", statements: ["UPDATE audit SET actor = 'x' WHERE sequence = 3"],
            verdict: .altered(sequence: 3)),
        Tampering(
            testDescription: "a removed entry", statements: ["DELETE FROM audit WHERE sequence = 3"],
            verdict: .missing(sequence: 3)),
        Tampering(
            testDescription: "a removed beginning", statements: ["DELETE FROM audit WHERE sequence < 3"],
            verdict: .missing(sequence: 1)),
        Tampering(
            testDescription: "two entries in each other's place",
            statements: [
                "UPDATE audit SET sequence = -1 WHERE sequence = 2",
                "UPDATE audit SET sequence = 2 WHERE sequence = 3",
                "UPDATE audit SET sequence = 3 WHERE sequence = -1",
            ], verdict: .unlinked(sequence: 2)),
        Tampering(
            testDescription: "an action that is none",
            statements: ["UPDATE audit SET action = 'No.Such' WHERE sequence = 3"], verdict: .unreadable(sequence: 3)),
        Tampering(
            testDescription: "a text that is no JSON",
            statements: ["UPDATE audit SET additional = '{' WHERE sequence = 3"], verdict: .unreadable(sequence: 3)),
        Tampering(
            testDescription: "a checkpoint that nobody made",
            statements: [
                "INSERT INTO auditCheckpoint VALUES (1, 2, zeroblob(32), 2, 'x')",
                "DELETE FROM audit WHERE sequence < 3",
            ], verdict: .unlinked(sequence: 3)),
    ]

    static let withoutTriggers = ["audit_never_changes", "audit_never_forgets", "audit_only_appends"].map {
        "DROP TRIGGER \($0)"
    }

    @Test(arguments: tamperings)
    func `an entry that was changed without the triggers is found`(tampering: Tampering) async throws {
        try await DatabaseFile.open { file in
            try await file.append(5)
            try file.execute(Self.withoutTriggers + tampering.statements)
            #expect(try await file.verdict() == tampering.verdict)
        }
    }

    @Test func `a verification waits for no writer`() async throws {
        try await DatabaseFile.open { file in
            try await file.append(5)
            let verdict = try await file.whileWriting { try await file.verdict() }
            guard case .intact(5, _) = verdict else {
                Issue.record("\(verdict)")
                return
            }
        }
    }

    /// No chain knows its own end: that takes a head that was noted elsewhere.
    @Test func `a missing end shows in the head alone`() async throws {
        try await DatabaseFile.open { file in
            try await file.append(5)
            let whole = try await file.verdict()
            try file.execute(Self.withoutTriggers + ["DELETE FROM audit WHERE sequence = 5"])
            guard case .intact(4, let head) = try await file.verdict(), case .intact(5, let noted) = whole else {
                Issue.record("the trail is not whole")
                return
            }
            #expect(head != noted)
        }
    }

    @Test func `only a beginning is forgotten, and the checkpoint stands for it`() async throws {
        try await DatabaseFile.open { file in
            try await file.append(6)
            let hash = try await file.database.read { try $0.audit.list(before: 4, limit: 1)[0].hash }
            let gone = try await file.database.write { try $0.audit.forget(through: 3, by: "admin") }
            #expect(gone?.deleted == 3)
            #expect(gone?.left == AuditChain.Checkpoint(sequence: 3, hash: hash, count: 3, by: "admin"))
            #expect(try await file.trail().map(\.sequence) == [4, 5, 6])
            let again = try await file.database.write { try $0.audit.forget(through: 3, by: "admin") }
            #expect(again == nil, "those entries are gone already")

            let second = try await file.database.write { try $0.audit.forget(through: 6, by: "auditor") }
            #expect(second?.left.count == 6)
            #expect(try await file.database.read { try $0.audit.lastSequence() } == 6)
            try await file.append(2)
            #expect(try await file.trail().map(\.sequence) == [7, 8])
            guard case .intact(2, _) = try await file.verdict() else {
                Issue.record("the trail does not go on behind the checkpoint")
                return
            }
        }
    }

    /// Entries carry the times of a clock that may be set back; what stands behind a young entry stays.
    @Test func `what is old ends at the first entry that is not`() async throws {
        try await DatabaseFile.open { file in
            let start = TestClock.start
            #expect(try await file.database.read { try $0.audit.last(before: start) } == nil)
            try await file.append(3, from: start)
            try await file.append(3, from: start - .seconds(100))
            let last = { (time: Timestamp) in try await file.database.read { try $0.audit.last(before: time) } }
            #expect(try await last(start) == nil)
            #expect(try await last(start + .seconds(2)) == 2)
            #expect(try await last(start + .seconds(60)) == 6)
        }
    }
}
