import GRDB
import Vocabulary

/// The database did not do what was asked; nothing of the transaction holds.
enum StorageFailure: Error, Hashable, Sendable {
    case unopened(path: String, reason: String)
    case newerSchema(path: String)
    /// SQLite refused; values are withheld.
    case refused(operation: String, reason: String)
    /// A stored record does not read: the file was changed by other hands, or by a newer version.
    case unreadable(table: String, key: String)

    init(_ error: DatabaseError, during operation: String) {
        self = .refused(operation: operation, reason: error.message ?? error.resultCode.description)
    }
}

extension StorageFailure: OperatorExplainable {
    var operatorMessage: OperatorMessage {
        switch self {
        case .unopened(let path, let reason):
            OperatorMessage(
                code: "storage.unopened", title: "The database cannot be opened",
                cause: "\(path): \(reason).",
                nextAction: "Check the path, its owner and the free space; no other server may use the same file."
            )
        case .newerSchema(let path):
            OperatorMessage(
                code: "storage.newer-schema", title: "The database is of a newer version",
                cause: "\(path) was written by a later version of this server.",
                nextAction: "Run that version, or restore a backup made by this one."
            )
        case .refused(let operation, let reason):
            OperatorMessage(
                code: "storage.refused", title: "The database did not do what was asked",
                cause: "While \(operation): \(reason). Nothing was changed.",
                nextAction: "Check free space and the health of the disk, then repeat the request."
            )
        case .unreadable(let table, let key):
            OperatorMessage(
                code: "storage.unreadable", title: "A stored record cannot be read",
                cause: "The record \(key) in \(table) is not in the form this version writes.",
                nextAction: "Restore the database from a backup, or run the version that wrote it."
            )
        }
    }
}
