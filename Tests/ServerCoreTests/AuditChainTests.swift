import ServerCore
import TestValues
import Testing
import Vocabulary

@Suite struct AuditChainTests {
    private let trail: [(entry: AuditEntry, hash: [UInt8])] = {
        var rows: [(entry: AuditEntry, hash: [UInt8])] = []
        for number in 1...5 {
            let entry = AuditEntry(
                sequence: Int64(number), at: Timestamp(seconds: Int64(1_800_000_000 + number)),
                context: AuditContext(actor: "admin", role: "admin", sourceAddress: "127.0.0.1", traceID: "0af7"),
                fact: AuditFact(
                    .tokenIssued, entityType: "agent", entityID: "\(number)", before: "a", after: "b",
                    originPeerID: .init(repeating: 1), additional: .members(["target": .string("us")])),
                previousHash: rows.last?.hash ?? AuditChain.origin)
            rows.append((entry, AuditChain.hash(entry)))
        }
        return rows
    }()

    @Test func `an untouched trail holds`() {
        #expect(verdict(on: trail) == .intact(entries: 5, head: trail[4].hash))
        #expect(verdict(on: []) == .intact(entries: 0, head: AuditChain.origin))
    }

    private func verdict(
        on rows: some Sequence<(entry: AuditEntry, hash: [UInt8])>, after checkpoint: AuditChain.Checkpoint? = nil
    ) -> AuditChain.Verdict {
        var walk = AuditChain.Walk(after: checkpoint)
        for row in rows {
            if let fault = walk.fault(at: row.entry.sequence, reading: row) { return fault }
        }
        return walk.end
    }

    static let changes: [(String, @Sendable (inout AuditEntry) -> Void)] = [
        ("time", { $0.at = $0.at + .milliseconds(1) }),
        ("actor", { $0.context.actor = "root" }),
        ("role", { $0.context.role = "viewer" }),
        ("address", { $0.context.sourceAddress = nil }),
        ("trace", { $0.context.traceID = "0af8" }),
        ("action", { $0.fact.action = .completed }),
        ("entity type", { $0.fact.entityType = "peer" }),
        ("entity", { $0.fact.entityID = "9" }),
        ("before", { $0.fact.before = "b" }),
        ("after", { $0.fact.after = nil }),
        ("origin", { $0.fact.originPeerID = nil }),
        ("additional", { $0.fact.additional = .object([]) }),
    ]

    @Test(arguments: changes.indices)
    func `a change of any field is found`(index: Int) {
        var rows = trail
        Self.changes[index].1(&rows[2].entry)
        #expect(verdict(on: rows) == .altered(sequence: 3))
        // Whoever mends the hash too breaks the link to the next entry.
        rows[2].hash = AuditChain.hash(rows[2].entry)
        #expect(verdict(on: rows) == .unlinked(sequence: 4))
    }

    @Test func `a missing or moved entry is found`() {
        var rows = trail
        rows.remove(at: 1)
        #expect(verdict(on: rows) == .missing(sequence: 2))
        rows = trail
        rows.swapAt(1, 2)
        #expect(verdict(on: rows) == .missing(sequence: 2))
    }

    @Test func `an entry that does not read is named`() {
        var walk = AuditChain.Walk()
        #expect(walk.fault(at: 1, reading: trail[0]) == nil)
        #expect(walk.fault(at: 2, reading: nil) == .unreadable(sequence: 2))
    }

    @Test func `after a retention run the checkpoint is the beginning`() {
        let checkpoint = AuditChain.Checkpoint(sequence: 2, hash: trail[1].hash, count: 2, by: "admin")
        #expect(verdict(on: trail.dropFirst(2), after: checkpoint) == .intact(entries: 3, head: trail[4].hash))
        #expect(verdict(on: trail.dropFirst(2)) == .missing(sequence: 1))
        let forged = AuditChain.Checkpoint(sequence: 2, hash: trail[0].hash, count: 2, by: "admin")
        #expect(verdict(on: trail.dropFirst(2), after: forged) == .unlinked(sequence: 3))
    }

    @Test func `every action has a name of two parts, once`() {
        let names = AuditAction.allCases.map(\.rawValue)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.split(separator: ".").count == 2 })
    }
}
