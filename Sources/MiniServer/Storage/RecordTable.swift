import Foundation
import GRDB

/// How a value of the core is written down. Its members are the columns that `Migrations` may index.
protocol StoredForm: Codable {
    associatedtype Value
    init(_ value: Value) throws
    func value() throws -> Value
}

/// Values of one kind by key, each stored as the JSON text of its stored form.
///
/// Lives no longer than the transaction that vends it.
struct RecordTable<Form: StoredForm> {
    typealias Record = Form.Value

    let database: Database
    let name: String

    func find(_ key: String) throws -> Record? {
        try first("key = ?", [key])
    }

    /// In order of their keys.
    func all() throws -> [Record] { try all("TRUE", []) }

    /// - Throws: when the key is taken, so that two writers cannot both create.
    func insert(_ record: Record, key: String) throws {
        try database.execute(
            sql: "INSERT INTO \"\(name)\" (key, record) VALUES (?, ?)",
            arguments: [key, try text(record)]
        )
    }

    func save(_ record: Record, key: String) throws {
        try database.execute(
            sql: """
                INSERT INTO "\(name)" (key, record) VALUES (?, ?)
                ON CONFLICT (key) DO UPDATE SET record = excluded.record
                """,
            arguments: [key, try text(record)]
        )
    }

    /// Whether there was one.
    @discardableResult
    func delete(_ key: String) throws -> Bool {
        try database.execute(sql: "DELETE FROM \"\(name)\" WHERE key = ?", arguments: [key])
        return database.changesCount > 0
    }

    func count() throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM \"\(name)\"") ?? 0
    }

    func first(_ condition: String, _ arguments: StatementArguments) throws -> Record? {
        let row = try Row.fetchOne(
            database, sql: "SELECT key, record FROM \"\(name)\" WHERE \(condition) ORDER BY key LIMIT 1",
            arguments: arguments
        )
        return try row.map(record)
    }

    func all(
        _ condition: String, _ arguments: StatementArguments, by order: String = "key", limit: Int? = nil
    ) throws -> [Record] {
        let bound = limit.map { " LIMIT \($0)" } ?? ""
        return try Row.fetchAll(
            database, sql: "SELECT key, record FROM \"\(name)\" WHERE \(condition) ORDER BY \(order)\(bound)",
            arguments: arguments
        ).map(record)
    }

    private func record(_ row: Row) throws -> Record {
        let text: String = row["record"]
        do {
            return try JSONDecoder().decode(Form.self, from: Data(text.utf8)).value()
        } catch {
            throw StorageFailure.unreadable(table: name, key: row["key"])
        }
    }

    private func text(_ record: Record) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Form(record)), as: UTF8.self)
    }
}
