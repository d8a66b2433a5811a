import Foundation
import GRDB
import ServerCore
import Testing
import Vocabulary

@testable import ServerStorage

@Suite struct SchemaTests {
    /// A file of every version that was ever written, as the text from which SQLite makes it.
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    private func make(version: Int, at path: String) async throws {
        let text = try String(contentsOf: Self.fixtures.appending(path: "version-\(version).sql"), encoding: .utf8)
        let queue = try DatabaseQueue(path: path)
        // Rows stand before those that they refer to; SQLite ignores the setting inside a transaction.
        try await queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.execute(sql: text)
        }
        try queue.close()
    }

    private static func schema(of database: Database) throws -> [String] {
        try String.fetchAll(
            database, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
    }

    @Test(arguments: 1...Schema.steps.count)
    func `a file of an earlier version opens with all that is in it`(version: Int) async throws {
        try await DatabaseFile.inFolder { path in
            try await make(version: version, at: path)
            let database = try ServerDatabase(path: path)
            try await database.read { tables in
                #expect(try tables.facts.find("peerId")?.text == Sample.shared.own.description)
                let agents = try tables.agents.all()
                #expect(agents.count == 1)
                let agent = try #require(agents.first)
                #expect(agent.leaf != nil && agent.description != nil && agent.group == "prod")
                #expect(try tables.peers.all().map(\.name) == ["us"])
                #expect(try tables.configurations.find("base") != nil)
                #expect(try tables.sources.all().map(\.machine.phase) == [.offered])
                #expect(try tables.targets.all().map(\.machine.phase) == [.settled])
                #expect(try tables.outbox.all().count == 1)
                guard case .intact(3, _) = try tables.audit.verify() else {
                    Issue.record("the trail does not hold")
                    return
                }
                #expect(try Int.fetchOne(tables.database, sql: "PRAGMA user_version") == Schema.steps.count)
                #expect(try Row.fetchAll(tables.database, sql: "PRAGMA foreign_key_check").isEmpty)
                #expect(try String.fetchOne(tables.database, sql: "PRAGMA integrity_check") == "ok")
            }
            try database.close()
        }
    }

    /// A step that has shipped is never edited: the file of its version would be another.
    @Test func `a new file has the schema of the latest fixture`() async throws {
        try await DatabaseFile.inFolder { path in
            try await make(version: Schema.steps.count, at: path)
            let older = try DatabaseQueue(path: path)
            let expected = try await older.read { try Self.schema(of: $0) }
            try older.close()
            try await DatabaseFile.open { file in
                let schema = try await file.database.read { try Self.schema(of: $0.database) }
                #expect(schema == expected)
            }
        }
    }

    @Test func `a file of a later version is left alone`() async throws {
        try await DatabaseFile.inFolder { path in
            try ServerDatabase(path: path).close()
            try DatabaseFile.execute(["PRAGMA user_version = \(Schema.steps.count + 1)"], at: path)
            try DatabaseFile.execute(["DROP TABLE reports"], at: path)
            #expect(throws: StorageFailure.newerSchema(path: path)) { try ServerDatabase(path: path) }
            let queue = try DatabaseQueue(path: path)
            let (version, hasReports) = try await queue.read { database in
                (try Int.fetchOne(database, sql: "PRAGMA user_version"), try database.tableExists("reports"))
            }
            #expect(version == Schema.steps.count + 1 && !hasReports)
            try queue.close()
        }
    }

    @Test func `a database of another program is left alone`() async throws {
        try await DatabaseFile.inFolder { path in
            try DatabaseFile.execute(["CREATE TABLE songs (title)"], at: path)
            #expect(throws: StorageFailure.foreign(path: path)) { try ServerDatabase(path: path) }
            try DatabaseFile.execute(["INSERT INTO songs VALUES ('x')"], at: path)
        }
    }

    @Test func `a fact is read from a file without opening it for writing`() async throws {
        try await DatabaseFile.inFolder { path in
            #expect(try ServerDatabase.fact("peerId", at: path) == nil)
            #expect(!ServerDatabase.exists(at: path))
            try Data().write(to: URL(filePath: path))
            #expect(try ServerDatabase.fact("peerId", at: path) == nil)
            let database = try ServerDatabase(path: path)
            #expect(try ServerDatabase.fact("peerId", at: path) == nil)
            try await database.write { try $0.facts.save(FactRecord(text: "a"), key: "peerId") }
            #expect(try ServerDatabase.fact("peerId", at: path) == "a")
            try database.close()
            #expect(try ServerDatabase.fact("peerId", at: path) == "a")
            try Data("no database at all, whatever its name may say".utf8).write(to: URL(filePath: path))
            #expect(throws: StorageFailure.self) { try ServerDatabase.fact("peerId", at: path) }
        }
    }

    /// Writes the file from which the fixture of the present version is made.
    static func fill(_ database: ServerDatabase) async throws {
        let sample = Sample.shared
        var agent = sample.agent
        (agent.group, agent.configuration) = ("prod", "base")
        let (row, peer) = (agent, try sample.peer())
        let (source, target) = (try sample.source(1, .offered), try sample.target(2, .settled))
        try await database.write { tables in
            try tables.facts.save(FactRecord(text: sample.own.description), key: "peerId")
            try tables.configurations.save(
                ConfigurationRecord(
                    name: "base", contentType: "text/yaml", body: Data("a: 1".utf8),
                    hash: Data(repeating: 6, count: 32), updatedAt: sample.now), key: "base")
            try tables.groups.save(
                GroupRecord(name: "prod", createdAt: sample.now, configuration: "base"), key: "prod")
            try tables.peers.save(peer)
            try tables.agents.save(row)
            try tables.sources.save(HandoverRow(machine: source, updatedAt: sample.now))
            try tables.targets.save(HandoverRow(machine: target, updatedAt: sample.now))
            try tables.outbox.append(
                HandoverNotice(sequence: 1, type: .offered, epoch: 1, at: sample.now), handover: source.id,
                role: .source, to: sample.peerID)
            for number in 1...3 {
                let fact = AuditFact(.groupSaved, entityType: "group", entityID: "\(number)")
                try tables.audit.append(fact, context: Sample.context, at: sample.now)
            }
        }
    }

    @Test func `what the fixture is made of can be made`() async throws {
        try await DatabaseFile.open { file in
            try await Self.fill(file.database)
            if let path = ProcessInfo.processInfo.environment["STORAGE_FIXTURE"] {
                let target = path
                try file.execute(["PRAGMA wal_checkpoint"])
                try DatabaseFile.execute(["VACUUM INTO '\(target)'"], at: file.path)
            }
            #expect(try await file.database.read { try $0.audit.lastSequence() } == 3)
        }
    }
}
