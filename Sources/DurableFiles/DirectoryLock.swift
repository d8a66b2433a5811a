internal import Glibc

/// Locks a private directory for one process, until `release`, the end of this object, or any end of the process.
///
/// The directory is checked before it is locked. The holder of the lock is the only writer, so it also removes the
/// temporary files of a killed process.
public final class DirectoryLock: Sendable {
    private let file: OpenFile

    /// - Throws: `FileFailure.locked`, and what `PrivateDirectory.check` finds wrong.
    public init(directory: String) throws(FileFailure) {
        try PrivateDirectory.check(directory)
        let folder = try Folder(directory)
        // A link in its path may have been replaced since.
        try folder.checkPrivate()
        file = try folder.open("lock", flags: O_RDWR | O_CREAT, mode: 0o600)
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw .system(file.path, .lock) }
            let text = try? file.readAll(limit: 32)
            let holder = text.flatMap { Int32(String(decoding: $0.prefix { $0 != 10 }, as: UTF8.self)) }
            throw .locked(path: file.path, holder: holder)
        }
        guard ftruncate(file.descriptor, 0) == 0 else { throw .system(file.path, .write) }
        try file.write(Array("\(getpid())\n".utf8))
        try folder.removeLeftovers()
    }

    /// For a holder that goes on living and writes no more. Idempotent.
    public func release() { flock(file.descriptor, LOCK_UN) }

    // Closing alone is not enough: a child that another thread is just starting holds a copy of the descriptor until
    // it becomes another program, and the lock with it.
    deinit { release() }
}
