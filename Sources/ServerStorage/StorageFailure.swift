import GRDB
package import Vocabulary

/// The database did not do what was asked; but for `outcomeUnknown` nothing of the transaction holds.
package enum StorageFailure: Error, Hashable, Sendable {
    case unopened(path: String, reason: String)
    /// The file is a database of another program.
    case foreign(path: String)
    case newerSchema(path: String)
    /// SQLite refused; values are withheld.
    case refused(operation: String, reason: String)
    /// A sync failed, so that nobody knows whether the disk has the commit.
    case outcomeUnknown(reason: String)
    /// A stored record does not read: the file was changed by other hands, or by a newer version.
    case unreadable(table: String, key: String)

    init(_ error: DatabaseError, during operation: String) {
        // SQLite says no more than "disk I/O error" of a write that the system refused.
        let reason =
            error.extendedResultCode == .SQLITE_IOERR_WRITE
            ? "the system did not write to the disk, as when a quota is used up"
            : error.message ?? error.resultCode.description
        self = .refused(operation: operation, reason: reason)
    }
}

extension Error {
    /// SQLite's own errors explained; others are left as they are.
    func explained(during operation: String) -> any Error {
        (self as? DatabaseError).map { StorageFailure($0, during: operation) } ?? self
    }
}

extension StorageFailure: OperatorCoded {
    package typealias Code = StorageCode

    package var words: Words {
        switch self {
        case .unopened(let path, let reason):
            (
                code: .unopened, title: "The database cannot be opened",
                cause: "\(path): \(reason).",
                nextAction: "Check the path, its owner and the free space; no other server may use the same file."
            )
        case .foreign(let path):
            (
                code: .foreign, title: "The file is not a database of this server",
                cause: "\(path) holds tables of another program.",
                nextAction: "Choose another data directory, or move the file away."
            )
        case .newerSchema(let path):
            (
                code: .newerSchema, title: "A newer version wrote the database",
                cause: "\(path) was written by a later version of this server.",
                nextAction: "Run that version, or restore a backup of this version."
            )
        case .refused(let operation, let reason):
            (
                code: .refused, title: "The database refused a change",
                cause: "While \(operation): \(reason). Nothing was changed.",
                nextAction: "Check free space, quota and the health of the disk, then repeat the request."
            )
        case .outcomeUnknown(let reason):
            (
                code: .outcomeUnknown, title: "The disk failed while a change was saved",
                cause: "\(reason). The server does not know whether the change was saved, and stops.",
                nextAction: "Check the disk, start the server again and check whether the change was saved."
            )
        case .unreadable(let table, let key):
            (
                code: .unreadable, title: "A stored record cannot be read",
                cause: "The record \(key) in \(table) does not have the form that this version writes.",
                nextAction: "Restore the database from a backup, or run the version that wrote it."
            )
        }
    }
}
