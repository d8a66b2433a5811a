import Dispatch
import Foundation
import GRDB
import Vocabulary

/// The server's one SQLite file: write-ahead log, every commit synced.
///
/// One closure holds as a whole or not at all; closures that are written at the same time share a commit.
package final class ServerDatabase: Sendable {
    private let pool: DatabasePool
    /// For `look`.
    private let reader: DatabaseQueue
    private let writer: GroupCommitWriter
    private let log: WriteAheadLog
    private let memory = StorageMemory()

    /// Opens the file, creates it when it is missing, and brings its schema up to date.
    ///
    /// - Throws: `StorageFailure.unopened`, `.foreign` or `.newerSchema`.
    package convenience init(path: String) throws(StorageFailure) {
        try self.init(path: path, longestDeferral: .milliseconds(500))
    }

    /// - Parameters:
    ///   - longestDeferral: how long `writeWithNext` waits for another closure.
    ///   - commit: tests put a failing one in its place.
    init(
        path: String, longestDeferral: DispatchTimeInterval = .milliseconds(500),
        commit: @escaping @Sendable (Database) throws -> Void = { try $0.commit() }
    ) throws(StorageFailure) {
        var configuration = GRDB.Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            if !database.configuration.readonly {
                try database.execute(sql: "PRAGMA journal_size_limit = \(WriteAheadLog.limit)")
            }
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // A decision that was answered must survive a power cut: WAL alone syncs at checkpoints only. GRDB sets
            // NORMAL while it opens the pool, so this comes after, and outside a transaction, where it is ignored.
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try Schema.prepare(database, path: path)
            }
            self.pool = pool
            configuration.readonly = true
            reader = try DatabaseQueue(path: path, configuration: configuration)
            writer = GroupCommitWriter(pool, longestDeferral: longestDeferral, commit: commit)
            log = try WriteAheadLog(database: path)
        } catch let failure as StorageFailure {
            throw failure
        } catch {
            throw .unopened(path: path, reason: "\(error)")
        }
    }

    /// A snapshot: what is written meanwhile neither shows in it nor waits for it.
    ///
    /// - Throws: `StorageFailure.refused` when SQLite does not answer, and whatever `body` throws.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (StorageTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.read { [memory] in try body(StorageTransaction(database: $0, memory: memory)) }
        } catch {
            throw error.explained(during: "reading")
        }
    }

    /// As `read`, on the caller's thread, which may be that of an event loop: for what takes a few rows. Such looks wait for
    /// each other, and for nothing else; the way to a reader of the pool takes longer than most of them.
    ///
    /// - Throws: as `read`.
    package func look<Value>(_ body: (StorageTransaction) throws -> Value) throws -> Value {
        do {
            return try reader.read { try body(StorageTransaction(database: $0, memory: memory)) }
        } catch {
            throw error.explained(during: "reading")
        }
    }

    /// `body` may run twice, and it runs although its caller is cancelled.
    ///
    /// - Throws: `StorageFailure.refused` when SQLite does not take the change, `.outcomeUnknown` when it cannot say,
    ///   and whatever `body` throws.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (StorageTransaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { caller in write(body) { caller.resume(with: $0) } }
    }

    /// As `write`, for callers without a task.
    ///
    /// - Parameter answer: called on a queue of the database; it must not block.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (StorageTransaction) throws -> Value,
        then answer: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        write(isDeferred: false, body, then: answer)
    }

    /// As `write`, for what no answer waits for: `body` runs before the next closure that is written, and shares its
    /// commit. When none is written for half a second it gets a commit of its own.
    ///
    /// - Throws: as `write`.
    package func writeWithNext<Value: Sendable>(
        _ body: @escaping @Sendable (StorageTransaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { caller in
            write(isDeferred: true, body) { caller.resume(with: $0) }
        }
    }

    private func write<Value: Sendable>(
        isDeferred: Bool, _ body: @escaping @Sendable (StorageTransaction) throws -> Value,
        then answer: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        writer.write(isDeferred: isDeferred) { [memory] database in
            try body(StorageTransaction(database: database, memory: memory))
        } then: {
            answer($0.mapError { $0.explained(during: "writing") })
        }
    }

    package static func exists(at path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// A fact of a database that nobody has open, read without a change to any of its files; `nil` when there is no
    /// such file, or nothing in it.
    ///
    /// - Throws: `StorageFailure.unopened`.
    package static func fact(_ key: String, at path: String) throws(StorageFailure) -> String? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let size = attributes?[.size] as? Int, size > 0 else { return nil }
        do {
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { database in
                guard try database.tableExists("facts") else { return nil }
                return try String.fetchOne(database, sql: "SELECT text FROM facts WHERE key = ?", arguments: [key])
            }
        } catch {
            throw .unopened(path: path, reason: "\(error)")
        }
    }

    /// Commits so far that changed something; each was synced.
    package var commits: Int { writer.commits }

    var waitingWrites: Int { writer.waitingJobs }

    /// The size of the write-ahead log.
    package var logBytes: Int { log.bytes }

    /// An element when a sync failed: nothing is written any more, and the server has to stop. For one reader.
    package var failures: AsyncStream<StorageFailure> { writer.failures }

    /// To be called about twice a second: moves what was committed since into the main file.
    ///
    /// - Throws: `StorageFailure.refused`.
    package func checkpoint() async throws {
        do {
            try await log.checkpoint(after: writer.commits)
        } catch let error as DatabaseError {
            throw StorageFailure(error, during: "moving the write-ahead log into the database")
        }
    }

    /// Ends the writes that are under way, moves the log into the main file and lets go of both.
    package func close() throws {
        writer.close()
        pool.interrupt()
        try reader.close()
        try pool.close()
        log.truncate()
        try log.close()
    }
}
