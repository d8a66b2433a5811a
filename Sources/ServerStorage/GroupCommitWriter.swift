import Dispatch
import DurableFiles
import GRDB
import Synchronization

/// Runs write jobs in groups: while one commit is being synced the next jobs queue, and one transaction runs them all,
/// each in a savepoint. Nobody is answered before the commit that holds the job.
///
/// A job may run twice, so it touches nothing but the database.
final class GroupCommitWriter: Sendable {
    static let largestGroup = 256

    private struct Job: Sendable {
        let run: @Sendable (Database) throws -> Void
        let answer: @Sendable (Result<Void, any Error>) -> Void
    }

    private struct Waiting {
        var jobs: [Job] = []
        /// They run before the jobs of the next group, and share its commit.
        var deferred: [Job] = []
        var hasTimer = false
        var isDraining = false
        /// Why nothing is taken any more.
        var end: StorageFailure?
    }

    /// What a job returned, from the writer's queue to its caller.
    private final class Returned<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private let pool: DatabasePool
    private let commit: @Sendable (Database) throws -> Void
    private let longestDeferral: DispatchTimeInterval
    private let waiting = Mutex(Waiting())
    private let synced = Atomic<Int>(0)
    private let failed = AsyncStream<StorageFailure>.makeStream()

    /// - Parameters:
    ///   - longestDeferral: how long a deferred job waits for a group.
    ///   - commit: tests put a failing one in its place.
    init(
        _ pool: DatabasePool, longestDeferral: DispatchTimeInterval,
        commit: @escaping @Sendable (Database) throws -> Void = { try $0.commit() }
    ) {
        self.pool = pool
        self.longestDeferral = longestDeferral
        self.commit = commit
    }

    /// Commits that changed something, and so were synced.
    var commits: Int { synced.load(ordering: .relaxed) }

    /// Jobs that no group has taken yet.
    var waitingJobs: Int { waiting.withLock { $0.jobs.count + $0.deferred.count } }

    /// An element when a sync failed and nothing is written any more; it ends with the database.
    var failures: AsyncStream<StorageFailure> { failed.stream }

    /// A caller that goes away does not undo its job: what was decided is saved.
    ///
    /// - Parameters:
    ///   - isDeferred: the job waits, `longestDeferral` at most, for a group that is written anyway.
    ///   - answer: called on the writer's queue; it must not block.
    func write<Value: Sendable>(
        isDeferred: Bool = false, _ body: @escaping @Sendable (Database) throws -> Value,
        then answer: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let returned = Returned<Value>()
        let job = Job(
            run: { database in
                let value = try body(database)
                returned.value.withLock { $0 = value }
            },
            answer: { result in
                answer(
                    result.flatMap {
                        returned.value.withLock { $0 }.map { .success($0) } ?? .failure(CancellationError())
                    })
            })
        if isDeferred { deferred(job) } else { add(job) }
    }

    /// Takes no more jobs and waits for those that are there.
    func close() {
        end(with: .refused(operation: "writing", reason: "the database is closed"))
        writeDeferred()
        pool.writeWithoutTransaction { _ in }
        failed.continuation.finish()
    }

    private func end(with failure: StorageFailure) {
        waiting.withLock { $0.end = $0.end ?? failure }
    }

    private func add(_ job: Job) {
        let (end, isFirst) = waiting.withLock { waiting -> (StorageFailure?, Bool) in
            guard waiting.end == nil else { return (waiting.end, false) }
            waiting.jobs.append(job)
            defer { waiting.isDraining = true }
            return (nil, !waiting.isDraining)
        }
        if let end { job.answer(.failure(end)) }
        if isFirst { startDraining() }
    }

    private func deferred(_ job: Job) {
        let (end, isFirst) = waiting.withLock { waiting -> (StorageFailure?, Bool) in
            guard waiting.end == nil else { return (waiting.end, false) }
            waiting.deferred.append(job)
            defer { waiting.hasTimer = true }
            return (nil, !waiting.hasTimer)
        }
        if let end { job.answer(.failure(end)) }
        guard isFirst else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + longestDeferral) { self.writeDeferred() }
    }

    /// No group has come in time.
    private func writeDeferred() {
        let isFirst = waiting.withLock { waiting in
            waiting.hasTimer = false
            guard !waiting.deferred.isEmpty else { return false }
            waiting.jobs = waiting.deferred + waiting.jobs
            waiting.deferred = []
            defer { waiting.isDraining = true }
            return !waiting.isDraining
        }
        if isFirst { startDraining() }
    }

    private func startDraining() { pool.asyncWriteWithoutTransaction { self.drain($0) } }

    private func drain(_ database: Database) {
        while let group = nextGroup() {
            for (job, result) in zip(group, results(of: group, database)) { job.answer(result) }
        }
    }

    private func nextGroup() -> [Job]? {
        waiting.withLock { waiting in
            guard !waiting.jobs.isEmpty else {
                waiting.isDraining = false
                return nil
            }
            let all = waiting.deferred + waiting.jobs
            waiting.deferred = []
            waiting.jobs = Array(all.dropFirst(Self.largestGroup))
            return Array(all.prefix(Self.largestGroup))
        }
    }

    private func results(of group: [Job], _ database: Database) -> [Result<Void, any Error>] {
        if let end = waiting.withLock({ $0.end }), case .outcomeUnknown = end {
            return group.map { _ in .failure(end) }
        }
        var results: [Result<Void, any Error>] = []
        do {
            let changes = database.totalChangesCount
            try database.beginTransaction(.immediate)
            for job in group {
                results.append(inSavepoint(job, database))
                // A full disk and the like end the whole transaction, with the jobs before this one in it.
                if !database.isInsideTransaction { throw DatabaseError(resultCode: .SQLITE_ABORT) }
            }
            // A group that changed nothing leaves nothing on the disk, so its commit is no step of any journey.
            let isDurable = database.totalChangesCount != changes
            if isDurable { CrashPoint.reach("commit.before") }
            try commit(database)
            if isDurable {
                CrashPoint.reach("commit.after")
                synced.add(1, ordering: .relaxed)
            }
            return results
        } catch {
            if database.isInsideTransaction { try? database.rollback() }
            if let unknown = outcomeUnknown(after: error, whole: results.count == group.count) {
                return group.map { _ in .failure(unknown) }
            }
            if results.isEmpty { return group.map { _ in .failure(error) } }
            return repeated(group, after: results, because: error, database)
        }
    }

    /// Nothing of the group is saved: each job that did not fail by itself runs again, alone.
    private func repeated(
        _ group: [Job], after results: [Result<Void, any Error>], because error: any Error, _ database: Database
    ) -> [Result<Void, any Error>] {
        group.enumerated().map { index, job in
            if index < results.count, case .failure = results[index] { return results[index] }
            return group.count == 1 ? .failure(error) : self.results(of: [job], database)[0]
        }
    }

    private func inSavepoint(_ job: Job, _ database: Database) -> Result<Void, any Error> {
        do {
            try database.cachedStatement(sql: "SAVEPOINT job").execute()
            do {
                try job.run(database)
            } catch {
                if database.isInsideTransaction {
                    try database.cachedStatement(sql: "ROLLBACK TO job").execute()
                    try database.cachedStatement(sql: "RELEASE job").execute()
                }
                throw error
            }
            return .success(try database.cachedStatement(sql: "RELEASE job").execute())
        } catch {
            return .failure(error)
        }
    }

    /// When a sync fails nobody knows what is on the disk. To say "not saved" and go on would be a guess.
    ///
    /// A failed write is known: a commit is one append to the log, and it counts from its last frame on. SQLite reports
    /// a used-up quota and a file size limit so; only ENOSPC is `SQLITE_FULL`.
    private func outcomeUnknown(after error: any Error, whole: Bool) -> StorageFailure? {
        guard whole, let error = error as? DatabaseError, error.resultCode == .SQLITE_IOERR,
            error.extendedResultCode != .SQLITE_IOERR_WRITE
        else { return nil }
        let failure = StorageFailure.outcomeUnknown(reason: error.message ?? "\(error.extendedResultCode)")
        end(with: failure)
        failed.continuation.yield(failure)
        return failure
    }
}
