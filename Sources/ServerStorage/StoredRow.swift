import Foundation
import GRDB
import Vocabulary

/// A row as it is stored, read by the place of its columns.
package struct StoredRow {
    let row: Row
    var start = 0

    func text(_ index: Int) -> String { row[start + index] }
    func optionalText(_ index: Int) -> String? { row[start + index] }
    func integer(_ index: Int) -> Int64 { row[start + index] }
    func flag(_ index: Int) -> Bool { integer(index) != 0 }
    func optionalTime(_ index: Int) -> Timestamp? {
        (row[start + index] as Int64?).map { Timestamp(milliseconds: $0) }
    }
    func time(_ index: Int) -> Timestamp { Timestamp(milliseconds: integer(index)) }
    func optionalBytes(_ index: Int) -> [UInt8]? { (row[start + index] as Data?).map { Array($0) } }
    func bytes(_ index: Int) -> [UInt8] { Array(row[start + index] as Data) }
    /// The column before the others: what the row is found by.
    func key<Value: LosslessStringConvertible>() throws -> Value {
        guard let value = Value(row[0] as String) else { throw Unreadable() }
        return value
    }

    func epoch(_ index: Int) -> Epoch { Epoch(clamping: integer(index)) }

    func value<Value: LosslessStringConvertible>(_ index: Int) throws -> Value {
        guard let value = Value(text(index)) else { throw Unreadable() }
        return value
    }

    func optionalValue<Value: LosslessStringConvertible>(_ index: Int) throws -> Value? {
        try optionalText(index).map { text in
            guard let value = Value(text) else { throw Unreadable() }
            return value
        }
    }

    func word<Word: RawRepresentable<String>>(_ index: Int) throws -> Word {
        guard let word = Word(rawValue: text(index)) else { throw Unreadable() }
        return word
    }
}

/// A column does not hold what this version writes there.
struct Unreadable: Error {}

/// What one column is to hold.
package struct ColumnValue: Sendable {
    let value: DatabaseValue

    static func text(_ text: String?) -> ColumnValue { ColumnValue(value: text.databaseValue) }
    static func text(_ value: (some LosslessStringConvertible)?) -> ColumnValue { text(value?.description) }
    static func bytes(_ bytes: [UInt8]?) -> ColumnValue { ColumnValue(value: bytes.map { Data($0) }.databaseValue) }
    static func integer(_ number: Int64?) -> ColumnValue { ColumnValue(value: number.databaseValue) }
    static func epoch(_ epoch: Epoch) -> ColumnValue { integer(Int64(clamping: epoch)) }
    static func flag(_ flag: Bool) -> ColumnValue { ColumnValue(value: flag.databaseValue) }
    static func time(_ time: Timestamp?) -> ColumnValue { integer(time?.milliseconds) }
}

extension Database {
    /// The compiled statement is kept with the connection; its text never changes.
    func rows(_ sql: String, _ values: [ColumnValue] = []) throws -> [StoredRow] {
        try Row.fetchAll(cachedStatement(sql: sql), arguments: values.arguments).map { StoredRow(row: $0) }
    }

    func row(_ sql: String, _ values: [ColumnValue] = []) throws -> StoredRow? {
        try Row.fetchOne(cachedStatement(sql: sql), arguments: values.arguments).map { StoredRow(row: $0) }
    }

    func run(_ sql: String, _ values: [ColumnValue] = []) throws {
        try cachedStatement(sql: sql).execute(arguments: values.arguments)
    }
}

extension [ColumnValue] {
    /// As optionals: GRDB reads a sequence of one type through a key path, which costs more than a small statement.
    var arguments: StatementArguments { StatementArguments(map { $0.value as (any DatabaseValueConvertible)? }) }
}
