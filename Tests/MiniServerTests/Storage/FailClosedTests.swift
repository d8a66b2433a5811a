import Certificates
import GRDB
import HandoverToken
import ServerAPI
import ServerCore
import ServerTransport
import TestPKI
import TestValues
import Testing
import Vocabulary

@testable import MiniServer
@testable import ServerStorage

/// What cannot be written as a whole is not written at all (protocol section 8).
struct FailClosedTests {
    /// Everything about handovers that a server has stored.
    private struct Stored: Equatable {
        var epoch: Epoch?
        var phases: [String]
        var messages: Int
        var lastEntry: Int64
    }

    private func stored(_ agent: AgentID, on server: RunningServer) async throws -> Stored {
        try await server.server.context.database.read { tables in
            Stored(
                epoch: try tables.agents.find(agent)?.epoch,
                phases: try tables.sources.all().map(\.machine.phaseName), messages: try tables.outbox.count(),
                // Calls between the servers are appended whenever they come.
                lastEntry: try tables.audit.list(limit: 100).map(\.entry).first {
                    !$0.fact.action.rawValue.hasPrefix("Federation.")
                }?.sequence ?? 0)
        }
    }

    private func refuse(_ table: String, on server: RunningServer) async throws {
        try await server.server.context.database.write { tables in
            for change in ["INSERT", "UPDATE"] {
                try tables.database.execute(
                    sql: """
                        CREATE TRIGGER refuse\(change) BEFORE \(change) ON \(table)
                        BEGIN SELECT RAISE(ABORT, 'no \(table) today'); END
                        """)
            }
        }
    }

    private func accept(on server: RunningServer) async throws {
        try await server.server.context.database.write { tables in
            for change in ["INSERT", "UPDATE"] {
                try tables.database.execute(sql: "DROP TRIGGER refuse\(change)")
            }
        }
    }

    /// A federated EU with one agent, and its peer US.
    private func world(
        _ body: @escaping @Sendable (RunningServer, AgentID, PeerRecord) async throws -> Void
    ) async throws {
        try await RunningServer.run("eu", "us") { servers in
            _ = try await RunningServer.federate(servers[0], servers[1])
            #expect(try await servers[0].ping("us").ok)
            let peer = try #require(
                try await servers[0].server.context.database.read { try $0.peers.find(name: "us") })
            try await body(servers[0], try await servers[0].enrolledAgent(), peer)
        }
    }

    private let context = AuditContext(actor: "admin", role: "admin")

    private func redemption(_ issued: (handover: HandoverRow<SourceHandover>, token: String)) throws
        -> RedemptionRequest
    {
        RedemptionRequest(
            redemption: .random,
            tokenSHA256: Hex.encode(Digest.sha256(Array(issued.token.utf8))))
    }

    @Test(arguments: ["audit", "handovers"])
    func `a handover that cannot be written whole is neither issued nor claimed`(table: String) async throws {
        try await world { eu, agent, peer in
            let service = HandoverService(server: eu.server.context, shell: eu.server.shell)
            let wanted = ServerAPI.HandoverIssue(agent: agent.description, peer: "us")

            try await refuse(table, on: eu)
            let before = try await stored(agent, on: eu)
            let answer = try await eu.exchange(OperatorRoutes.issueHandover(), bearer: eu.admin, sending: wanted)
            #expect(answer.status == 503)
            #expect(answer.problem?.code == "storage.refused")
            #expect(answer.problem?.cause.contains("no \(table) today") == true)
            #expect(!answer.text.contains("opamp-ho."), "no token is shown that is not in the trail")
            #expect(try await stored(agent, on: eu) == before)

            try await accept(on: eu)
            let issued = try await service.issue(.init(agent: agent, peerName: "us"), by: context)
            let request = try redemption((issued.handover, issued.token))

            try await refuse(table, on: eu)
            let issuedState = try await stored(agent, on: eu)
            await #expect(throws: StorageFailure.self) {
                try await service.redeem(issued.handover.machine.id, request, by: peer, context)
            }
            #expect(try await stored(agent, on: eu) == issuedState)

            try await accept(on: eu)
            let claimed = try await service.redeem(issued.handover.machine.id, request, by: peer, context)
            #expect(claimed.handover.phase == .redeemed)
            #expect(claimed.notices.map(\.type) == [.offered])
        }
    }

    @Test(arguments: ["audit", "outbox", "handovers"])
    func `state, entry and notice of a step are one transaction`(table: String) async throws {
        try await world { eu, agent, peer in
            let service = HandoverService(server: eu.server.context, shell: eu.server.shell)
            let issued = try await service.issue(.init(agent: agent, peerName: "us"), by: context)
            let id = issued.handover.machine.id
            _ = try await service.redeem(id, try redemption((issued.handover, issued.token)), by: peer, context)

            // Saved here and not through the shell: nobody is to deliver the notice while the test looks for it.
            let cancel = { @Sendable (tables: StorageTransaction) in
                let row = try #require(try tables.sources.find(id))
                let step = try row.machine.next(after: .cancelRequested(reason: nil), at: .now)
                #expect(!step.notices.isEmpty && !step.audit.isEmpty)
                try tables.save(step, by: self.context, at: .now)
            }
            try await refuse(table, on: eu)
            let before = try await stored(agent, on: eu)
            await #expect(throws: StorageFailure.self) { try await eu.server.context.database.write(cancel) }
            #expect(try await stored(agent, on: eu) == before)

            try await accept(on: eu)
            try await eu.server.context.database.write(cancel)
            let after = try await stored(agent, on: eu)
            #expect(after.phases == ["cancelled"])
            #expect(after.messages == before.messages + 1)
            #expect(after.lastEntry > before.lastEntry)
        }
    }

    /// The page limit is SQLite's own way to run out of space.
    @Test func `a full disk is told as one, and changes nothing`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let limit = { @Sendable (pages: Int) in
                try await eu.server.context.database.write {
                    try $0.database.execute(sql: "PRAGMA max_page_count = \(pages)")
                }
            }
            let save = {
                try await eu.exchange(
                    OperatorRoutes.saveConfiguration("big"), bearer: eu.admin,
                    sending: ConfigurationText(contentType: "text/plain", body: String(repeating: "x", count: 200_000)))
            }
            let entries = try await eu.audit()
            // Below what the file has already, it means exactly that.
            try await limit(1)
            let answer = try await save()
            #expect(answer.status == 503)
            #expect(answer.problem?.code == "storage.refused")
            #expect(answer.problem?.cause.contains("full") == true, "\(answer.text)")
            #expect(answer.problem?.nextAction.contains("free space") == true)
            #expect(try await eu.audit() == entries)
            let names = try await eu.server.context.database.read { try $0.configurations.all().map(\.name) }
            #expect(names.isEmpty)

            try await limit(1_000_000)
            #expect(try await save().status == 200)
        }
    }

    @Test func `an agent about which the server cannot decide is told why, and not that it is busy`() async throws {
        try await RunningServer.run("eu") { servers in
            let server = servers[0].server
            let leaf = try TestAuthority().agent().certificate
            try await server.context.database.write {
                try $0.database.execute(sql: "ALTER TABLE agents RENAME TO gone")
            }
            let request = ConnectionRequest(
                caller: Caller(presented: .leaf(leaf), address: "192.0.2.1"), transport: .polling, at: .now)
            guard case .refused(let problem) = try await server.fleet.admit(request) else {
                Issue.record("it was admitted")
                return
            }
            #expect(problem.message.code == "storage.refused")
            #expect(problem.retryAfter != nil && problem.handoverCause == MoveCause.serverError.code)
        }
    }
}
