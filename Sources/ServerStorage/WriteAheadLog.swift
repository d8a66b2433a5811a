import Foundation
import GRDB
import Synchronization

/// Moves the write-ahead log into the main file, on a connection of its own, so that no commit waits for it.
final class WriteAheadLog: Sendable {
    /// Above it a checkpoint waits for the readers that keep the log from starting again.
    static let limit = 64 * 1024 * 1024

    private let path: String
    private let connection: DatabaseQueue
    /// The commits that were in the main file when the last checkpoint ended; `nil` when it did not get to its end.
    private let done = Mutex<Int?>(nil)

    init(database path: String) throws {
        self.path = path + "-wal"
        var configuration = GRDB.Configuration()
        // It holds writers up while it waits for readers.
        configuration.busyMode = .timeout(0.25)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        connection = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// The size of the file; 0 when there is none.
    var bytes: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.size] as? Int ?? 0
    }

    /// - Parameter commits: how many there were so far; when all of them were moved before, nothing is done.
    func checkpoint(after commits: Int) async throws {
        guard done.withLock({ $0 != commits }), bytes > 0 else { return }
        let isWhole = try await connection.writeWithoutTransaction { database in
            let passive = try database.checkpoint(.passive)
            let pageSize = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            // A log that is moved as a whole goes on growing as long as there is always a reader in it.
            if passive.walFrameCount * pageSize > Self.limit { return Self.succeeds(.restart, database) }
            return passive.checkpointedFrameCount == passive.walFrameCount
        }
        done.withLock { $0 = isWhole ? commits : nil }
    }

    /// Empties the file, unless a reader holds on to it: then what can be moved is moved.
    ///
    /// - Returns: whether it is empty.
    @discardableResult
    func truncate() -> Bool {
        connection.writeWithoutTransaction { database in
            if Self.succeeds(.truncate, database) { return true }
            _ = Self.succeeds(.passive, database)
            return false
        }
    }

    /// As the last connection of all it takes the file away.
    func close() throws { try connection.close() }

    private static func succeeds(_ mode: Database.CheckpointMode, _ database: Database) -> Bool {
        (try? database.checkpoint(mode)) != nil
    }
}
