import Foundation
import GRDB
import Vocabulary

/// The server's one SQLite file: write-ahead log, every commit synced, foreign to nobody else.
///
/// One closure is one transaction: it holds as a whole or not at all.
final class ServerDatabase: Sendable {
    private let pool: DatabasePool

    /// Opens the file, creates it when it is missing, and brings its schema up to date.
    ///
    /// - Throws: `StorageFailure.unopened` or `.newerSchema`.
    init(path: String) throws(StorageFailure) {
        var configuration = GRDB.Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // A handover that was answered must survive the power cord: WAL alone would sync only at checkpoints. GRDB
            // sets NORMAL while it opens the pool, so this comes after, and outside a transaction, where it is ignored.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            guard try pool.read({ try !Migrations.all.hasBeenSuperseded($0) }) else {
                throw StorageFailure.newerSchema(path: path)
            }
            try Migrations.all.migrate(pool)
            self.pool = pool
        } catch let failure as StorageFailure {
            throw failure
        } catch {
            throw .unopened(path: path, reason: "\(error)")
        }
    }

    /// A snapshot: what is written meanwhile neither shows in it nor waits for it.
    ///
    /// - Throws: `StorageFailure.refused` when SQLite does not answer, and whatever `body` throws.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (StorageTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.read { try body(StorageTransaction(database: $0)) }
        } catch let error as DatabaseError {
            throw StorageFailure(error, during: "reading")
        }
    }

    /// - Throws: `StorageFailure.refused` when SQLite does not take the change, and whatever `body` throws.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (StorageTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.write { try body(StorageTransaction(database: $0)) }
        } catch let error as DatabaseError {
            throw StorageFailure(error, during: "writing")
        }
    }

    static func exists(at path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Moves the log into the main file and lets go of both.
    func close() throws { try pool.close() }
}
