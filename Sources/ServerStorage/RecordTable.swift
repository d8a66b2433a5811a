import GRDB

/// How a value is written into the columns of its table.
package protocol StoredForm {
    associatedtype Record: Sendable
    static var layout: TableLayout { get }
    /// In the order of the layout.
    static func columns(of record: Record) throws -> [ColumnValue]
    static func record(_ row: StoredRow) throws -> Record
    /// Where the whole table is kept as values; `nil` when it is read each time.
    static func kept(in memory: StorageMemory) -> Kept<KeptTable<Record>>?
}

extension StoredForm {
    package static func kept(in memory: StorageMemory) -> Kept<KeptTable<Record>>? { nil }
}

/// A table by name and columns, with the texts of its statements.
package struct TableLayout: Sendable {
    let name: String
    let all: String
    let find: String
    let insert: String
    let save: String
    let delete: String
    let count: String

    /// - Parameter columns: behind the column `key`.
    init(_ name: String, _ columns: [String]) {
        let quoted = columns.map { "\"\($0)\"" }
        let list = (["key"] + quoted).joined(separator: ", ")
        let marks = Array(repeating: "?", count: columns.count + 1).joined(separator: ", ")
        let changes = quoted.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        self.name = name
        all = "SELECT \(list) FROM \(name) ORDER BY key"
        find = "SELECT \(list) FROM \(name) WHERE key = ?"
        insert = "INSERT INTO \(name) (\(list)) VALUES (\(marks))"
        save = "\(insert) ON CONFLICT (key) DO UPDATE SET \(changes)"
        delete = "DELETE FROM \(name) WHERE key = ?"
        count = "SELECT count(*) FROM \(name)"
    }
}

/// A table that is kept: its values by key, and in the order of the keys.
package struct KeptTable<Record: Sendable>: Sendable {
    let byKey: [String: Record]
    let inOrder: [Record]
}

/// Values of one kind by key.
///
/// Lives no longer than the transaction that vends it.
package struct RecordTable<Form: StoredForm> {
    package typealias Record = Form.Record

    let database: Database
    let memory: StorageMemory

    package func find(_ key: String) throws -> Record? {
        if let kept = try kept() { return kept.byKey[key] }
        return try database.row(Form.layout.find, [.text(key)]).map { try record($0).value }
    }

    /// In order of their keys.
    package func all() throws -> [Record] {
        if let kept = try kept() { return kept.inOrder }
        return try stored().map(\.value)
    }

    /// - Throws: when the key is taken, so that two writers cannot both create.
    package func insert(_ record: Record, key: String) throws {
        try database.run(Form.layout.insert, [.text(key)] + Form.columns(of: record))
    }

    package func save(_ record: Record, key: String) throws {
        try database.run(Form.layout.save, [.text(key)] + Form.columns(of: record))
    }

    /// Whether there was one.
    @discardableResult
    package func delete(_ key: String) throws -> Bool {
        try database.run(Form.layout.delete, [.text(key)])
        return database.changesCount > 0
    }

    package func count() throws -> Int {
        try database.row(Form.layout.count).map { Int($0.integer(0)) } ?? 0
    }

    private func kept() throws -> KeptTable<Record>? {
        try Form.kept(in: memory)?.value(in: database) {
            let stored = try stored()
            return KeptTable(
                byKey: Dictionary(stored.map { ($0.key, $0.value) }) { first, _ in first },
                inOrder: stored.map(\.value))
        }
    }

    private func stored() throws -> [(key: String, value: Record)] {
        try database.rows(Form.layout.all).map(record)
    }

    private func record(_ row: StoredRow) throws -> (key: String, value: Record) {
        let key = row.text(0)
        do {
            return (key, try Form.record(StoredRow(row: row.row, start: 1)))
        } catch {
            throw StorageFailure.unreadable(table: Form.layout.name, key: key)
        }
    }
}
