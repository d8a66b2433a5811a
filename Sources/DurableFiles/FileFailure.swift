internal import Glibc

/// Why a file could not be read or kept.
public enum FileFailure: Error, Hashable, Sendable {
    /// What was being done to the path.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case inspect, open, create, read, write, sync, rename, link, remove, lock, list
    }

    /// The operating system refused.
    case system(path: String, operation: Operation, errno: Int32)
    /// A symbolic link stands where this program keeps a file itself.
    case symbolicLink(path: String)
    case notADirectory(path: String)
    case notAFile(path: String)
    /// The path belongs to another user than the one this process runs as.
    case wrongOwner(path: String, owner: UInt32, expected: UInt32)
    /// Others than the owner may read or write what is private.
    case tooOpen(path: String, mode: UInt32)
    case tooLarge(path: String, limit: Int)
    /// Neither the file nor its previous generation can be read.
    case corrupt(path: String)
    /// A newer version of this program wrote it.
    case newerFormat(path: String, version: UInt32)
    /// Another process holds the lock; its id, if it could be read.
    case locked(path: String, holder: Int32?)

    /// `errno` as it is after the call that failed.
    static func system(_ path: String, _ operation: Operation) -> FileFailure {
        .system(path: path, operation: operation, errno: errno)
    }
}
