import Foundation
import GRDB
import Testing

@testable import MiniServer

@Suite struct DurabilityTests {
    /// SQLite's number for FULL. GRDB chooses NORMAL for a database in WAL mode, under which the last commits before a
    /// power cut are lost although a peer or an agent has acted on them.
    @Test func `every commit is synced`() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "durability-\(UUID()).sqlite").path
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
        let database = try ServerDatabase(path: path)
        #expect(try await database.write { try Int.fetchOne($0.database, sql: "PRAGMA synchronous") } == 2)
        try database.close()
    }
}
