import Foundation
import GRDB
import Testing

@testable import ServerStorage

@Suite struct DurabilityTests {
    private static func size(of path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    }

    /// SQLite's number for FULL. GRDB chooses NORMAL for a database in WAL mode, under which the last commits before a
    /// power cut are lost although a peer or an agent has acted on them.
    @Test func `every commit is synced, and none moves the log`() async throws {
        try await DatabaseFile.open { file in
            let settings = try await file.database.write { tables in
                try ["synchronous", "wal_autocheckpoint", "foreign_keys"].map {
                    try Int.fetchOne(tables.database, sql: "PRAGMA \($0)")
                }
            }
            #expect(settings == [2, 0, 1])
        }
    }

    @Test func `after the end the whole state stands in the one file`() async throws {
        try await DatabaseFile.inFolder { path in
            let file = DatabaseFile(path: path, database: try ServerDatabase(path: path))
            try await file.append(20)
            _ = try await file.trail()
            #expect(file.database.logBytes > 0)
            try file.database.close()
            #expect((Self.size(of: path + "-wal") ?? 0) == 0)

            let copy = path + ".copy"
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            let restored = DatabaseFile(path: copy, database: try ServerDatabase(path: copy))
            #expect(try await restored.trail().count == 20)
            try restored.database.close()
        }
    }

    @Test func `a reader that stays does not keep the server from its end, and nothing is lost`() async throws {
        try await DatabaseFile.inFolder { path in
            let file = DatabaseFile(path: path, database: try ServerDatabase(path: path))
            try await file.append(3)
            var configuration = GRDB.Configuration()
            configuration.allowsUnsafeTransactions = true
            configuration.readonly = true
            let reader = try DatabaseQueue(path: path, configuration: configuration)
            try await reader.writeWithoutTransaction { database in
                try database.execute(sql: "BEGIN")
                _ = try Row.fetchOne(database, sql: "SELECT * FROM audit")
            }
            try await file.append(3)
            try file.database.close()
            try await reader.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            try reader.close()
            let next = DatabaseFile(path: path, database: try ServerDatabase(path: path))
            #expect(try await next.trail().count == 6)
            try next.database.close()
        }
    }

    @Test func `a checkpoint moves the log into the file while a write goes on`() async throws {
        try await DatabaseFile.open { file in
            let before = Self.size(of: file.path) ?? 0
            try await file.append(200)
            #expect(Self.size(of: file.path) == before)
            try await file.whileWriting { try await file.database.checkpoint() }
            #expect(Self.size(of: file.path) ?? 0 > before)
            // The next commit starts the log again instead of making it longer.
            let log = file.database.logBytes
            try await file.append(1)
            #expect(file.database.logBytes == log)
        }
    }

    @Test func `what is written after the end is refused`() async throws {
        try await DatabaseFile.inFolder { path in
            let database = try ServerDatabase(path: path)
            try database.close()
            await #expect(throws: StorageFailure.refused(operation: "writing", reason: "the database is closed")) {
                try await database.write { try $0.facts.save(FactRecord(text: "x"), key: "x") }
            }
            await #expect(throws: StorageFailure.self) { try await database.read { try $0.facts.count() } }
        }
    }
}
