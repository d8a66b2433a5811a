import Foundation
import Logging
import ServerStorage
import TestValues
import Testing
import Vocabulary

@testable import MiniServer

/// A start that finds the master key and not the database that belongs to it founds nothing.
struct IdentityMarkTests {
    private let configuration: ServerConfiguration
    private let owned: TemporaryFolder
    private var folder: URL { owned.url }
    private var database: String { folder.appending(path: "server.sqlite").path }

    init() throws {
        owned = try TemporaryFolder("mark")
        configuration = ServerConfiguration(dataDirectory: owned.path, name: "eu", port: 0)
    }

    /// What becomes of the database between a server's end and its next start.
    enum Loss: CaseIterable {
        case missing, empty, withoutItsTables, ofAnotherServer, ofAnotherServerInItsLog
    }

    private func server(in directory: URL? = nil) async throws -> Server {
        var log = Logger(label: "test")
        log.logLevel = .critical
        var configuration = configuration
        configuration.dataDirectory = (directory ?? folder).path
        return try await Server(configuration, log: log)
    }

    private func founded(in directory: URL? = nil) async throws -> PeerID {
        let server = try await server(in: directory)
        let peer = server.context.authority.peerID
        try server.context.database.close()
        return peer
    }

    private func apply(_ loss: Loss) async throws {
        let files = FileManager.default
        for end in ["", "-wal", "-shm"] where files.fileExists(atPath: database + end) {
            try files.removeItem(atPath: database + end)
        }
        switch loss {
        case .missing: break
        case .empty: try Data().write(to: URL(filePath: database))
        case .withoutItsTables: try ServerDatabase(path: database).close()
        case .ofAnotherServer, .ofAnotherServerInItsLog:
            let other = folder.appending(path: "other")
            let server = try await server(in: other)
            if loss == .ofAnotherServer { try server.context.database.close() }
            for end in ["", "-wal"] where files.fileExists(atPath: other.path + "/server.sqlite" + end) {
                try files.copyItem(atPath: other.path + "/server.sqlite" + end, toPath: database + end)
            }
            if loss == .ofAnotherServerInItsLog { try server.context.database.close() }
        }
    }

    private func contents() throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try Dictionary(
            uniqueKeysWithValues: names.filter { $0 != "other" && $0 != "lock" && !$0.hasSuffix("-shm") }.map {
                ($0, try Data(contentsOf: folder.appending(path: $0)))
            })
    }

    @Test(arguments: Loss.allCases) func `the start stops and changes nothing`(loss: Loss) async throws {
        let peer = try await founded()
        try await apply(loss)
        let before = try contents()
        for _ in 0..<2 {
            let failure = await #expect(throws: IdentityFailure.self) { _ = try await server() }
            switch (loss, failure) {
            case (.missing, .databaseLost(let path, let lost)), (.empty, .databaseLost(let path, let lost)),
                (.withoutItsTables, .databaseLost(let path, let lost)):
                #expect(path == database && lost == peer.description)
            case (.ofAnotherServer, .otherDatabase(_, let expected, let found)),
                (.ofAnotherServerInItsLog, .otherDatabase(_, let expected, let found)):
                #expect(expected == peer.description && PeerID(found) != nil && found != expected)
            default: Issue.record("\(String(describing: failure))")
            }
            #expect(failure?.operatorMessage.nextAction.isEmpty == false)
        }
        let after = try contents().filter { !($0.key.hasSuffix("-wal") && $0.value.isEmpty) }
        #expect(after == before)
    }

    @Test func `the same server starts again, and one whose first start ended early is founded`() async throws {
        let peer = try await founded()
        #expect(try await founded() == peer)
        let mark = folder.appending(path: "peer-id")
        #expect(try String(contentsOf: mark, encoding: .utf8) == "\(peer)\n")
        // Killed between the founding and the mark.
        try FileManager.default.removeItem(at: mark)
        #expect(try await founded() == peer)
        #expect(try String(contentsOf: mark, encoding: .utf8) == "\(peer)\n")
        // Killed between the key and the founding.
        try FileManager.default.removeItem(at: mark)
        try await apply(.missing)
        #expect(try await founded() != peer)
    }
}
