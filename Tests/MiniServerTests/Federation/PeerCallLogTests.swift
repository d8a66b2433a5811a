import Certificates
import Foundation
import GRDB
import Logging
import ServerAPI
import ServerCore
import Testing
import Vocabulary

@testable import MiniServer
@testable import ServerStorage

/// What calls between peers leave behind is written after the answers, and all of it.
@Suite(.timeLimit(.minutes(1)))
struct PeerCallLogTests {
    private static func log(of database: ServerDatabase) -> PeerCallLog {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return PeerCallLog(database: database, log: logger)
    }

    private static func fact(_ number: Int) -> AuditFact {
        AuditFact(.peerCalled, entityType: "peer", entityID: "us", after: "\(number)")
    }

    private static func written(to database: ServerDatabase) async throws -> [String] {
        try await database.read { try $0.audit.list(limit: 10_000).map { $0.entry.fact } }
            .filter { $0.action == .peerCalled }.reversed().map { $0.after ?? $0.entityID }
    }

    @Test func `entries are kept in their order and appended in one transaction`() async throws {
        try await RunningServer.withDatabase { database in
            let log = Self.log(of: database)
            for number in 0..<100 { log.note(Self.fact(number), .server, at: .now) }
            let before = try await Self.written(to: database)
            #expect(before == [], "nobody waits for them")
            let isWritten = await log.flush()
            #expect(isWritten)
            let after = try await Self.written(to: database)
            #expect(after == (0..<100).map { "\($0)" })
        }
    }

    @Test func `what the database does not take is kept, up to a bound, and told`() async throws {
        try await RunningServer.withDatabase { database in
            let log = Self.log(of: database)
            try await database.write {
                try $0.database.execute(
                    sql: "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
                )
            }
            for number in 0..<(PeerCallLog.capacity + 10) { log.note(Self.fact(number), .server, at: .now) }
            let isRefused = await !log.flush()
            #expect(isRefused)
            log.note(Self.fact(-1), .server, at: .now)
            try await database.write { try $0.database.execute(sql: "DROP TRIGGER full") }
            let isWritten = await log.flush()
            #expect(isWritten)
            let written = try await Self.written(to: database)
            #expect(written == (0..<PeerCallLog.capacity).map { "\($0)" } + ["omitted"])
            let omitted = try await database.read { try $0.audit.list(limit: 1).first?.entry.fact.additional }
            #expect(omitted == .members(["omitted": .integer(11)]))
        }
    }

    @Test func `a server that stops has written the calls and the last contact`() async throws {
        try await RunningServer.withDirectory { root in
            let configuration = ServerConfiguration(
                dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0)
            try await RunningServer.run("us") { servers in
                let us = servers[0]
                let (admin, first, last) = try await RunningServer.runOnce(configuration) { eu in
                    _ = try await RunningServer.federate(eu, us)
                    _ = try await eu.ping("us")
                    let first = try await eu.savedPeer("us").lastContact
                    // Only a later time of contact, which could wait for a minute.
                    let result = try await eu.ping("us")
                    #expect(result.ok)
                    let row = try await eu.call(OperatorRoutes.peer("us"))
                    return (eu.admin, first, row.lastContact)
                }
                try await RunningServer.runOnce(configuration, admin: admin) { eu in
                    let saved = try await eu.server.context.database.read { try $0.peer(named: "us").lastContact }
                    #expect(saved == last && saved != first)
                    let calls = try await eu.server.context.database.read {
                        try $0.audit.list(action: AuditAction.peerCalled.rawValue, limit: 1000)
                            .filter { $0.entry.fact.additional.description.contains("/ping") }
                    }
                    #expect(calls.count == 2)
                }
            }
        }
    }

    @Test func `two first calls at once share one client`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            let client = FederationClient(server: eu.server.context)
            let row = try await eu.savedPeer("us")
            let outcomes = try await withThrowingTaskGroup { tasks in
                for _ in 0..<16 { tasks.addTask { try await client.ping(row, by: .server).text } }
                return try await tasks.reduce(into: [String]()) { $0.append($1) }
            }
            await client.shutDown()
            #expect(outcomes.count == 16 && outcomes.allSatisfy { $0.hasPrefix("200 OK") }, "\(outcomes)")
        }
    }
}
