import Foundation
import GRDB
import ServerCore
import TestValues
import Vocabulary

@testable import ServerStorage

/// A database file in a folder of its own, opened as the server opens it and, beside it, as anybody might.
struct DatabaseFile: Sendable {
    let path: String
    let database: ServerDatabase

    /// - Parameter longestDeferral: see `ServerDatabase`.
    static func open(
        longestDeferral: DispatchTimeInterval = .milliseconds(500),
        _ body: @Sendable (DatabaseFile) async throws -> Void
    ) async throws {
        try await inFolder { path in
            let file = DatabaseFile(
                path: path, database: try ServerDatabase(path: path, longestDeferral: longestDeferral))
            try await body(file)
            try file.database.close()
        }
    }

    /// The path of a file that does not exist yet, in a folder that does.
    static func inFolder(_ body: @Sendable (String) async throws -> Void) async throws {
        try await TemporaryFolder.lend("database") { try await body($0.appending(path: "server.sqlite").path) }
    }

    /// Another pair of hands on the same file: no migrations, no tables, only SQL.
    func execute(_ statements: [String]) throws { try Self.execute(statements, at: path) }

    static func execute(_ statements: [String], at path: String) throws {
        let other = try DatabaseQueue(path: path)
        defer { try? other.close() }
        try other.writeWithoutTransaction { database in
            for statement in statements { try database.execute(sql: statement) }
        }
    }

    /// Somebody else is in the middle of a change all the time.
    func whileWriting<Value>(_ body: () async throws -> Value) async throws -> Value {
        var configuration = GRDB.Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? other.close() }
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let value = try await body()
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        return value
    }

    func append(_ count: Int, from start: Timestamp = TestClock.start) async throws {
        try await database.write { tables in
            for number in 0..<count {
                let fact = AuditFact(.groupSaved, entityType: "group", entityID: "\(number)")
                try tables.audit.append(fact, context: Sample.context, at: start + .seconds(number))
            }
        }
    }

    /// The trail as it is stored, oldest first.
    func trail() async throws -> [AuditEntry] {
        try await database.read { try $0.audit.list(limit: 1000).map { $0.entry }.reversed() }
    }

    func verdict() async throws -> AuditChain.Verdict {
        try await database.read { try $0.audit.verify() }
    }
}
