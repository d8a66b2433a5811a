import Certificates
import GRDB
import HandoverToken
import TestValues
import Testing
import Vocabulary

@testable import ServerCore
@testable import ServerStorage

struct HandoverTableTests {
    private let sample = Sample.shared

    private func save(_ sources: [SourceHandover], _ targets: [TargetHandover] = [], in file: DatabaseFile) async throws
    {
        let now = sample.now
        try await file.database.write { tables in
            for source in sources { try tables.sources.save(HandoverRow(machine: source, updatedAt: now)) }
            for target in targets { try tables.targets.save(HandoverRow(machine: target, updatedAt: now)) }
        }
    }

    @Test func `a handover in each of its phases is read as it was saved, here and by the next process`() async throws {
        let sources = try SourceHandover.Phase.allCases.enumerated().map { try sample.source(UInt8($0 + 1), $1) }
        let targets = try TargetHandover.Phase.allCases.enumerated().map { try sample.target(UInt8($0 + 101), $1) }
        try await DatabaseFile.open { file in
            try await save(sources, targets, in: file)
            for database in [file.database, try ServerDatabase(path: file.path)] {
                let (found, arrived) = try await database.read { tables in
                    (try tables.sources.all(), try tables.targets.all())
                }
                #expect(found.map(\.machine) == sources)
                #expect(arrived.map(\.machine) == targets)
                #expect(found.allSatisfy { $0.updatedAt == sample.now })
            }
        }
    }

    @Test func `claims stand in their own table once and never change`() async throws {
        try await DatabaseFile.open { file in
            try await save([try sample.source(1)], in: file)
            try await save([try sample.source(1, .offered)], in: file)
            let (claims, states) = try await file.database.read { tables in
                (
                    try String.fetchAll(tables.database, sql: "SELECT text FROM claims"),
                    try String.fetchAll(tables.database, sql: "SELECT state FROM handovers")
                )
            }
            #expect(claims == [try sample.claims(1).text])
            #expect(states.count == 1 && !states[0].contains("serverCAs"))
            #expect(throws: DatabaseError.self) { try file.execute(["UPDATE claims SET text = '{}'"]) }
            let other = try sample.claims(1, epoch: 9)
            let stranger = TargetHandover(claims: other, tokenDigest: [])
            await #expect(throws: StorageFailure.self) { try await save([], [stranger], in: file) }
        }
    }

    @Test func `what another process saved is read, and not what is kept`() async throws {
        try await DatabaseFile.open { file in
            let other = DatabaseFile(path: file.path, database: try ServerDatabase(path: file.path))
            try await save([try sample.source(1)], in: file)
            for phase in SourceHandover.Phase.allCases {
                try await save([try sample.source(1, phase)], in: other)
                let found = try await file.database.read { try $0.sources.find(.init(repeating: 1))?.machine.phase }
                #expect(found == phase)
            }
            try other.database.close()
        }
    }

    @Test func `a save that was rolled back leaves nothing in memory`() async throws {
        struct Refused: Error {}
        try await DatabaseFile.open { file in
            let (before, after) = (try sample.source(1), try sample.source(1, .moved))
            try await save([before], in: file)
            await #expect(throws: Refused.self) {
                try await file.database.write { tables in
                    try tables.sources.save(HandoverRow(machine: after, updatedAt: Sample.shared.now))
                    #expect(try tables.sources.find(after.id)?.machine.phase == .moved)
                    throw Refused()
                }
            }
            #expect(try await file.database.read { try $0.sources.find(before.id)?.machine } == before)
        }
    }

    @Test func `a text that does not read is named, and only when it is asked for`() async throws {
        try await DatabaseFile.open { file in
            try await save([try sample.source(1), try sample.source(2)], in: file)
            try file.execute(["UPDATE handovers SET state = '{', stamp = 0 WHERE id = '\(sample.claims(1).id)'"])
            let other = try ServerDatabase(path: file.path)
            #expect(try await other.read { try $0.sources.phases().map(\.count) } == [2])
            #expect(try await other.read { try $0.sources.find(.init(repeating: 2)) } != nil)
            let key = try sample.claims(1).id.description
            await #expect(throws: StorageFailure.unreadable(table: "handovers", key: key)) {
                try await other.read { try $0.sources.find(.init(repeating: 1)) }
            }
            try other.close()
        }
    }

    @Test func `admission reads the handovers that bind the agent and none that is over`() async throws {
        try await DatabaseFile.open { file in
            let over = try (1...20).map { try sample.source($0, .cancelled, epoch: Epoch($0)) }
            try await save(
                over + [try sample.source(21, .settled, epoch: 21), try sample.source(22, .redeemed, epoch: 22)],
                [try sample.target(30, .lapsed), try sample.target(31, .settled)], in: file)
            // Whoever reads one of those that are over fails.
            try file.execute([
                "UPDATE handovers SET state = '{', stamp = 0 WHERE phase IN ('cancelled', 'lapsed')"
            ])
            let agent = sample.agent
            try await file.database.write { try $0.agents.save(agent) }
            let leaf = sample.leaves[0].fingerprint
            let known = try await file.database.read { try $0.records(ofLeaf: leaf) }
            #expect(known.departures.map(\.claims.epoch) == [22, 21])
            #expect(known.arrivals.map(\.phase) == [.settled])
            #expect(known.row?.id == agent.id && known.row?.epoch == agent.epoch && known.row?.leaf == agent.leaf)
        }
    }

    @Test func `pending are the open ones and those by which the agent may still go`() async throws {
        try await DatabaseFile.open { file in
            var cancelled = try sample.source(3, .cancelled)
            cancelled.mayStillArrive = true
            try await save([try sample.source(1, .offered), try sample.source(2, .cancelled), cancelled], in: file)
            let agent = sample.agent.id
            let (pending, open) = try await file.database.read { tables in
                (try tables.sources.pending(agent: agent), try tables.sources.open(agent: agent))
            }
            #expect(pending.map(\.id) == [.init(repeating: 1), .init(repeating: 3)])
            #expect(open.map(\.machine.id) == [.init(repeating: 1)])
        }
    }

    @Test func `a page holds the youngest of both sides, reads no other, and leads to the next`() async throws {
        try await DatabaseFile.open { file in
            try await save(
                try (1...5).map { try sample.source($0, $0 % 2 == 0 ? .issued : .expired) },
                try (6...9).map { try sample.target($0, .awaiting) }, in: file)
            try file.execute(["UPDATE handovers SET state = '{', stamp = 0 WHERE issuedAt < (\(time(6)))"])
            let ids = { @Sendable (page: [StorageTransaction.EitherHandover]) in page.map(\.id) }
            let first = try await file.database.read { ids(try $0.handoverPage(limit: 2)) }
            #expect(first == [9, 8].map { HandoverID(repeating: $0) })
            let second = try await file.database.read { ids(try $0.handoverPage(after: first[1], limit: 2)) }
            #expect(second == [7, 6].map { HandoverID(repeating: $0) })
            let gone = try await file.database.read { ids(try $0.handoverPage(after: .init(repeating: 99), limit: 2)) }
            #expect(gone.isEmpty)

            try await save(try (1...5).map { try sample.source($0, $0 % 2 == 0 ? .issued : .expired) }, in: file)
            let open = try await file.database.read { ids(try $0.handoverPage(onlyOpen: true, limit: 9)) }
            #expect(open == [9, 8, 7, 6, 4, 2].map { HandoverID(repeating: $0) })
            let own = sample.own
            let ofPeer = try await file.database.read { ids(try $0.handoverPage(peer: own, limit: 9)) }
            #expect(ofPeer == [9, 8, 7, 6].map { HandoverID(repeating: $0) })
        }
    }

    private func time(_ number: UInt8) throws -> Int64 { try sample.claims(number).issuedAt.milliseconds }

    @Test func `a group that was deleted before the source answered does not stop the arrival`() async throws {
        try await DatabaseFile.open { file in
            let claims = try sample.claims(1)
            let agent = sample.agent
            try await file.database.write { tables in
                try tables.agents.save(agent)
                try tables.apply(
                    .expect(Arrival(row: agent.id, reusesRow: true, claims: claims, group: "g", configuration: "c")))
            }
            let row = try await file.database.read { try $0.agents.find(agent.id) }
            #expect(row?.presence == .arriving && row?.group == nil && row?.configuration == nil)
            #expect(row?.configurationStatus == nil && row?.description == agent.description)
        }
    }
}

extension StorageTransaction.EitherHandover {
    fileprivate var id: HandoverID {
        switch self {
        case .source(let row): row.machine.id
        case .target(let row): row.machine.id
        }
    }
}
