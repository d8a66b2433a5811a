import Foundation
import GRDB
import ServerCore
import Synchronization
import Testing
import Vocabulary

@testable import ServerStorage

struct GroupCommitTests {
    private typealias Job = @Sendable (StorageTransaction) throws -> Void
    private struct Refused: Error {}

    private final class Counter: Sendable {
        let value = Mutex(0)
    }

    /// Holds the writer's queue until as many jobs wait behind it as the test wants, so that they make one group.
    private func together<Value: Sendable>(
        _ file: DatabaseFile, _ jobs: [@Sendable (StorageTransaction) throws -> Value]
    ) async -> [Result<Value, any Error>] {
        let database = file.database
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let gate = DispatchSemaphore(value: 0)
        async let held: Void? = try? database.write { _ in
            enter.finish()
            gate.wait()
        }
        for await _ in entered {}
        let results = await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
            for (index, job) in jobs.enumerated() {
                group.addTask {
                    do {
                        return (index, .success(try await database.write(job)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            while database.waitingWrites < jobs.count { await Task.yield() }
            gate.signal()
            return await group.reduce(into: [Int: Result<Value, any Error>]()) { $0[$1.0] = $1.1 }
        }
        _ = await held
        return jobs.indices.compactMap { results[$0] }
    }

    private static func save(_ name: String) -> Job {
        { try $0.facts.save(FactRecord(text: name), key: name) }
    }

    private func names(_ file: DatabaseFile) async throws -> [String] {
        try await file.database.read { try $0.facts.all().map(\.text) }
    }

    @Test func `jobs that wait together share one commit`() async throws {
        try await DatabaseFile.open { file in
            let before = file.database.commits
            let results = await together(file, (0..<200).map { Self.save("\($0)") })
            #expect(results.allSatisfy { (try? $0.get()) != nil })
            #expect(file.database.commits == before + 1)
            let saved = try await names(file)
            #expect(saved.count == 200)
        }
    }

    @Test func `what no answer waits for shares the next commit, and runs before what it is written with`() async throws
    {
        try await DatabaseFile.open(longestDeferral: .seconds(3600)) { file in
            let before = file.database.commits
            let order = Mutex<[String]>([])
            async let deferred: Void = file.database.writeWithNext { tables in
                order.withLock { $0.append("deferred") }
                try tables.facts.save(FactRecord(text: "a"), key: "deferred")
            }
            while file.database.waitingWrites < 1 { await Task.yield() }
            try await file.database.write { tables in
                order.withLock { $0.append("next") }
                #expect(try tables.facts.find("deferred") != nil)
                try tables.facts.save(FactRecord(text: "b"), key: "next")
            }
            try await deferred
            #expect(order.withLock { $0 } == ["deferred", "next"])
            #expect(file.database.commits == before + 1)
        }
    }

    @Test func `what no answer waits for is saved although nothing else is written`() async throws {
        try await DatabaseFile.open { file in
            let before = file.database.commits
            for name in ["one", "two"] {
                try await file.database.writeWithNext { try $0.facts.save(FactRecord(text: name), key: name) }
            }
            #expect(file.database.commits == before + 2)
        }
    }

    @Test func `a database that is closed has saved what waited`() async throws {
        try await DatabaseFile.inFolder { path in
            let database = try ServerDatabase(path: path, longestDeferral: .seconds(3600))
            async let deferred: Void = database.writeWithNext {
                try $0.facts.save(FactRecord(text: "a"), key: "deferred")
            }
            while database.waitingWrites < 1 { await Task.yield() }
            try database.close()
            try await deferred
            let again = try ServerDatabase(path: path)
            #expect(try await again.read { try $0.facts.find("deferred")?.text } == "a")
            try again.close()
        }
    }

    @Test func `no group is larger than its limit`() async throws {
        try await DatabaseFile.open { file in
            let before = file.database.commits
            _ = await together(file, (0..<GroupCommitWriter.largestGroup + 1).map { Self.save("\($0)") })
            #expect(file.database.commits == before + 2)
        }
    }

    @Test func `a job that changes nothing makes no commit`() async throws {
        try await DatabaseFile.open { file in
            let before = file.database.commits
            _ = try await file.database.write { try $0.facts.count() }
            #expect(file.database.commits == before)
        }
    }

    @Test func `a job that throws is rolled back alone`() async throws {
        try await DatabaseFile.open { file in
            let refused: Job = { tables in
                try Self.save("b")(tables)
                throw Refused()
            }
            let results = await together(file, [Self.save("a"), refused, Self.save("c")])
            #expect(results.map { (try? $0.get()) != nil } == [true, false, true])
            #expect(throws: Refused.self) { try results[1].get() }
            let saved = try await names(file)
            #expect(saved == ["a", "c"])
        }
    }

    /// A deferred one would fail at the commit and take the group with it.
    @Test func `a broken foreign key fails its own job`() async throws {
        try await DatabaseFile.open { file in
            let before = file.database.commits
            let dangling: Job = { tables in
                let group = GroupRecord(name: "g", createdAt: Sample.shared.now, configuration: "none")
                try tables.groups.save(group, key: "g")
            }
            let results = await together(file, [Self.save("a"), dangling, Self.save("c")])
            #expect(results.map { (try? $0.get()) != nil } == [true, false, true])
            let saved = try await names(file)
            #expect(saved == ["a", "c"])
            #expect(file.database.commits == before + 1)
        }
    }

    /// SQLite ends the whole transaction when there is no space, and not only the savepoint.
    @Test func `a job that fills the disk takes nobody else along`() async throws {
        try await DatabaseFile.open { file in
            try await file.database.write { tables in
                let pages = try Int.fetchOne(tables.database, sql: "PRAGMA page_count") ?? 0
                try tables.database.execute(sql: "PRAGMA max_page_count = \(pages + 8)")
            }
            let runs = Counter()
            let counted: Job = { tables in
                runs.value.withLock { $0 += 1 }
                try Self.save("a")(tables)
            }
            let large: Job = { tables in
                try tables.facts.save(FactRecord(text: String(repeating: "x", count: 1_000_000)), key: "b")
            }
            let results = await together(file, [counted, large, Self.save("c")])
            #expect(results.map { (try? $0.get()) != nil } == [true, false, true])
            #expect(throws: StorageFailure.refused(operation: "writing", reason: "database or disk is full")) {
                try results[1].get()
            }
            let saved = try await names(file)
            #expect(saved == ["a", "c"])
            #expect(runs.value.withLock { $0 } == 2)
        }
    }

    @Test func `a job that ends the transaction keeps nobody's change half`() async throws {
        try await DatabaseFile.open { file in
            let ends: Job = { try $0.database.execute(sql: "ROLLBACK") }
            let results = await together(file, [Self.save("a"), ends, Self.save("c")])
            #expect((try? results[0].get()) != nil && (try? results[2].get()) != nil)
            let saved = try await names(file)
            #expect(saved == ["a", "c"])
        }
    }

    @Test func `what was decided is saved although its caller has gone`() async throws {
        try await DatabaseFile.open { file in
            let database = file.database
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                try await database.write(Self.save("a"))
            }
            task.cancel()
            try await task.value
            #expect(try await names(file) == ["a"])
        }
    }

    @Test func `when a sync fails everybody is told, and nothing more is written`() async throws {
        try await DatabaseFile.inFolder { path in
            let fails = Counter()
            let database = try ServerDatabase(path: path) { database in
                if fails.value.withLock({ $0 > 0 }) {
                    throw DatabaseError(resultCode: .SQLITE_IOERR_FSYNC, message: "no disk")
                }
                try database.commit()
            }
            try await database.write(Self.save("a"))
            fails.value.withLock { $0 = 1 }
            let failure = StorageFailure.outcomeUnknown(reason: "no disk")
            await #expect(throws: failure) { try await database.write(Self.save("b")) }
            fails.value.withLock { $0 = 0 }
            await #expect(throws: failure) { try await database.write(Self.save("c")) }
            for await told in database.failures {
                #expect(told == failure)
                break
            }
            try database.close()
        }
    }

    /// The disk is as it was before: whoever was in the group gets an answer of its own.
    @Test(arguments: [ResultCode.SQLITE_FULL, .SQLITE_IOERR_WRITE])
    func `a commit that finds no space is tried for each job alone`(code: ResultCode) async throws {
        try await DatabaseFile.inFolder { path in
            let refusals = Counter()
            let database = try ServerDatabase(path: path) { database in
                let isRefused = refusals.value.withLock { left in
                    defer { left = max(0, left - 1) }
                    return left > 0
                }
                if isRefused { throw DatabaseError(resultCode: code, message: "full") }
                try database.commit()
            }
            let file = DatabaseFile(path: path, database: database)
            // One for the group that holds the queue, one for the group behind it.
            refusals.value.withLock { $0 = 2 }
            let results = await together(file, [Self.save("a"), Self.save("b")])
            #expect(results.allSatisfy { (try? $0.get()) != nil })
            #expect(try await names(file) == ["a", "b"])
            try database.close()
        }
    }
}
