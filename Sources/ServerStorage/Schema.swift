import GRDB

/// The format of the file. `user_version` counts its versions; a step that has shipped is never edited.
enum Schema {
    /// "OpHS": tells the file from the databases of other programs.
    static let applicationID: Int32 = 0x4F70_4853

    /// What leads from each version to the next, the first one from an empty file.
    static let steps: [[String]] = [version1]

    /// Creates the tables in a new file, or brings those of an earlier version up to date.
    ///
    /// - Throws: `StorageFailure.foreign` or `.newerSchema`.
    static func prepare(_ database: Database, path: String) throws {
        try database.inTransaction(.immediate) {
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            let owner = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let isEmpty = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0
            guard owner == applicationID || (isEmpty && owner == 0) else { throw StorageFailure.foreign(path: path) }
            guard version <= steps.count else { throw StorageFailure.newerSchema(path: path) }
            guard version < steps.count else { return .rollback }
            for sql in steps[version...].joined() { try database.execute(sql: sql) }
            try database.execute(sql: "PRAGMA user_version = \(steps.count)")
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            return .commit
        }
    }
}
