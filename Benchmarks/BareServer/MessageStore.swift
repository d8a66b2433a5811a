import Foundation
import GRDB
import NIOCore
import Synchronization

/// One table; whatever waits while a commit is synced shares the next one.
final class MessageStore: Sendable {
    private struct Job: Sendable {
        var message: [UInt8]
        var saved: EventLoopPromise<Void>
    }

    private let pool: DatabasePool
    private let waiting = Mutex<(jobs: [Job], isDraining: Bool)>(([], false))

    init(path: String) throws {
        pool = try DatabasePool(path: path)
        try pool.writeWithoutTransaction { database in
            // GRDB sets NORMAL when it opens; a commit has to be synced.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "CREATE TABLE message (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")
        }
    }

    func save(_ message: [UInt8], then saved: EventLoopPromise<Void>) {
        let isFirst = waiting.withLock { state in
            state.jobs.append(Job(message: message, saved: saved))
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if isFirst { pool.asyncWriteWithoutTransaction { self.drain($0) } }
    }

    private func drain(_ database: Database) {
        while true {
            let group = waiting.withLock { state in
                defer { state.jobs = [] }
                if state.jobs.isEmpty { state.isDraining = false }
                return state.jobs
            }
            guard !group.isEmpty else { return }
            do {
                try database.inTransaction(.immediate) {
                    let insert = try database.cachedStatement(sql: "INSERT INTO message (bytes) VALUES (?)")
                    for job in group { try insert.execute(arguments: [Data(job.message)]) }
                    return .commit
                }
                for job in group { job.saved.succeed() }
            } catch {
                for job in group { job.saved.fail(error) }
            }
        }
    }
}
