import Certificates
import GRDB
import HandoverToken
import ServerAPI
import ServerCore
import TestValues
import Testing
import Vocabulary

@testable import MiniServer
@testable import ServerStorage

struct HandoverServiceTests {
    @Test func `a third peer learns nothing of a handover, and each of its questions is audited`() async throws {
        try await RunningServer.run("eu", "us", "ap") { servers in
            let (pair, ap) = (try await HandoverPair(servers[0], servers[1]), servers[2])
            _ = try await RunningServer.federate(pair.eu, ap, as: "ap")
            let (id, token) = try await pair.issue()
            let source = pair.eu.server.context.authority.peerID
            let asking = FederationClient(server: ap.server.context)
            func refusal(_ ask: () async throws(PeerCallFailure) -> Void) async -> OperatorMessage? {
                do throws(PeerCallFailure) { try await ask() } catch {
                    if case .refused(404, let message, _) = error { return message }
                }
                return nil
            }
            let claim = RedemptionRequest(
                redemption: .random,
                tokenSHA256: Hex.encode(Digest.sha256(Array(token.utf8))))
            let batch = NoticeBatch(
                [NoticeMessage(sequence: 1, type: OpenWord(.lapsed), epoch: 1, at: .now)], received: 0)
            let answers = [
                await refusal { () async throws(PeerCallFailure) in _ = try await asking.status(of: id, at: source) },
                await refusal { () async throws(PeerCallFailure) in
                    _ = try await asking.redeem(id, claim, at: source)
                },
                await refusal { () async throws(PeerCallFailure) in
                    _ = try await asking.deliver(batch, of: id, to: source)
                },
            ]
            #expect(answers.map { $0?.code } == ["handover.unknown", "handover.unknown", "handover.unknown"])
            await asking.shutDown()
            #expect(try await pair.source(id)?.phase == .issued)
            let audited = try await pair.eu.audit().filter { $0.action == .remoteRequest }
            #expect(audited.filter { $0.after == "404" && $0.traceID == id.description }.count == 3)

            let party = FederationClient(server: pair.us.server.context)
            #expect(try await party.status(of: id, at: source).phase == .issued)
            await party.shutDown()
        }
    }

    @Test func `issue warns of an agent without a session, whatever its row says`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let agent = try await pair.eu.enrolledAgent()
            try await pair.eu.server.context.database.write { tables in
                var row = try #require(try tables.agents.find(agent))
                row.presence = .live
                try tables.agents.save(row)
            }
            let issued = try await pair.eu.service.issue(.init(agent: agent, peerName: "us"), by: pair.operatorContext)
            #expect(issued.warnings.contains { $0.contains("offline") }, "\(issued.warnings)")
        }
    }

    @Test func `a preview shows what the source says of the token`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let (id, token) = try await pair.issue()
            let context = pair.operatorContext
            #expect(try await pair.us.service.preview(token, by: context).problems.isEmpty)

            try await pair.eu.service.cancel(id, reason: nil, by: context)
            let cancelled = HandoverRefusal.refusedBySource(code: "handover.cancelled")
            #expect(try await pair.us.service.preview(token, by: context).problems == [cancelled])
            await #expect(throws: cancelled) {
                _ = try await pair.us.service.redeem(token, choice: .init(), by: context)
            }
        }
    }

    @Test func `a redemption that the source did not confirm says so, and asks no question before it`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let (id, token) = try await pair.issue()
            // The source does not answer this server any more, and it was asked nothing about the token.
            try await pair.eu.call(
                OperatorRoutes.updatePeer("us"), sending: PeerUpdate(enabled: false))
            let redeemed = try await pair.us.call(
                OperatorRoutes.redeemHandover(), sending: HandoverRedemption(token: token))
            #expect(redeemed.phase == .redeeming && redeemed.isUnconfirmed)
            let asked = try await pair.us.audit().filter {
                $0.action == .peerCalled && $0.additional["path"]?.contains(id.description) == true
            }
            #expect(!asked.isEmpty && asked.allSatisfy { $0.additional["path"]?.hasSuffix("/redeem") == true })
            #expect(try await pair.source(id)?.phase == .issued)
        }
    }

    @Test func `what is owed to one peer after a start does not wait for another, and ends with the server`()
        async throws
    {
        try await RunningServer.run("eu") { servers in
            let shell = servers[0].server.shell
            let peers = try (1...2).map { byte in
                try #require(PeerID(Hex.encode([UInt8](repeating: UInt8(byte), count: 16))))
            }
            let paid = Noted<String>()
            let (done, end) = AsyncStream<Void>.makeStream()
            let debts = [
                HandoverDebt(peer: peers[0]) {
                    paid.note("hangs")
                    while (try? await Task.sleep(for: .seconds(3600))) != nil {}
                },
                HandoverDebt(peer: peers[0]) { paid.note("behind it") },
                HandoverDebt(peer: peers[1]) { paid.note("first of the other") },
                HandoverDebt(peer: peers[1]) { end.finish() },
            ]
            await withTaskGroup { group in
                group.addTask { await shell.settle(debts) }
                for await _ in done {}
                group.cancelAll()
            }
            #expect(paid.all.contains("first of the other") && !paid.all.contains("behind it"))
        }
    }

    @Test
    func `the answer to a redemption tells of the offer, and the notice waits until the target says that it has it`()
        async throws
    {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let (id, token) = try await pair.issue()
            _ = try await pair.us.service.redeem(token, choice: .init(), by: pair.operatorContext)
            let target = try await pair.us.server.context.database.read { try $0.targets.find(id)?.machine }
            #expect(target?.offerHashes.count == 1)
            func waiting() async throws -> [NoticeType] {
                try await pair.eu.server.context.database.read {
                    try $0.outbox.messages(of: id, role: .source).map(\.notice.type)
                }
            }
            #expect(try await waiting() == [.offered])
            try await pair.us.service.cancel(id, reason: nil, by: pair.operatorContext)
            try await until { try await pair.source(id)?.phase == .expired }
            #expect(try await waiting().isEmpty)
        }
    }

    @Test func `a peer that says it has notices which were never sent loses none of them`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let (id, token) = try await pair.issue()
            _ = try await pair.us.service.redeem(token, choice: .init(), by: pair.operatorContext)
            let source = pair.eu.server.context.authority.peerID
            let epoch = try #require(try await pair.source(id)).claims.epoch
            let peer = FederationClient(server: pair.us.server.context)
            let connected = NoticeMessage(sequence: 1, type: OpenWord(.connected), epoch: epoch, at: .now)
            _ = try await peer.deliver(NoticeBatch([connected], received: 99), of: id, to: source)
            await peer.shutDown()
            try await pair.eu.service.cancel(id, reason: "moved back", by: pair.operatorContext)
            try await until {
                try await pair.us.server.context.database.read { try $0.targets.find(id)?.machine.phase == .withdrawn }
            }
        }
    }

    @Test func `a token that its source has forgotten is not called unreachable`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let (_, token) = try await pair.issue()
            try await pair.eu.server.context.database.write {
                try $0.database.execute(sql: "DELETE FROM handovers")
            }
            let preview = try await pair.us.service.preview(token, by: pair.operatorContext)
            #expect(preview.problems == [.refusedBySource(code: "handover.unknown")])
        }
    }

    @Test func `a token of a disabled peer is refused by that name`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let (_, token) = try await pair.issue()
            try await pair.us.server.context.database.write { tables in
                guard var peer = try tables.peers.find(name: "eu") else { return }
                peer.enabled = false
                try tables.peers.save(peer)
            }
            let preview = try await pair.us.service.preview(token, by: pair.operatorContext)
            #expect(preview.problems == [.peerDisabled("eu")])
        }
    }

    @Test func `a leaf is revoked with its handovers or not at all`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let (id, _) = try await pair.issue()
            let database = pair.eu.server.context.database
            try await database.write {
                try $0.database.execute(
                    sql: """
                        CREATE TRIGGER full BEFORE UPDATE ON handovers
                        BEGIN SELECT RAISE(ABORT, 'the disk is full'); END
                        """)
            }
            await #expect(throws: (any Error).self) {
                try await pair.eu.service.revokeLeaf(of: pair.agent, by: pair.operatorContext)
            }
            #expect(try await pair.row()?.leafRevoked == false)

            try await database.write { try $0.database.execute(sql: "DROP TRIGGER full") }
            try await pair.eu.service.revokeLeaf(of: pair.agent, by: pair.operatorContext)
            #expect(try await pair.row()?.leafRevoked == true)
            #expect(try await pair.source(id)?.phase == .cancelled)
        }
    }

    /// Its host was destroyed between the first answer at the target and its `APPLIED`. Whether the source's operator has
    /// cancelled before or not, what the target's refusal advises ends the handover on both sides.
    @Test(arguments: [false, true])
    func `a handover whose agent vanished at the target is ended by revoking it at the source`(
        isCancelled: Bool
    ) async throws {
        try await HandoverWorld.run { world in
            let agent = try await world.enrolled(at: world.eu)
            let line = try await agent.connect(to: world.eu)
            let issued = try await world.issue(agent, from: world.eu, to: world.us, probation: 0)
            try await world.redeem(issued, at: world.us)
            let (there, _) = try await world.lead(agent, from: line, to: world.us, by: issued)
            await there.cut()
            let id = issued.handover.id
            let cancellation = OperatorRoutes.cancelHandover("\(id)")
            try await until { try await world.target(issued, at: world.us).phase == .awaiting }
            let refusal = await #expect(throws: RunningServer.Refused.self) {
                _ = try await world.us.call(cancellation, sending: HandoverCancellation(reason: nil))
            }
            #expect(refusal?.problem.code == "handover.may-have-settled")
            let row = try await world.row(of: agent, at: world.eu)
            #expect(refusal?.problem.nextAction.contains("`mini-server agent revoke \(row.id)` on eu") == true)
            if isCancelled {
                _ = try await world.eu.exchange(
                    cancellation, bearer: world.eu.admin, sending: HandoverCancellation(reason: nil))
                #expect(try await world.source(issued, at: world.eu).phase == .cancelled)
            }
            _ = try await world.eu.call(OperatorRoutes.revokeLeaf("\(row.id)"))
            try await until { try await world.target(issued, at: world.us).phase == .withdrawn }
            #expect(try await world.source(issued, at: world.eu).phase == .cancelled)
        }
    }

    @Test func `a server that learns of a later handover asks its peers, and issues a later one still`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            // The target knows of the third; then the source is set back to where it was before the first.
            for _ in 0..<2 {
                let (id, _) = try await pair.issue()
                try await pair.eu.service.cancel(id, reason: nil, by: pair.operatorContext)
            }
            let (_, token) = try await pair.issue()
            _ = try await pair.us.service.redeem(token, choice: .init(), by: pair.operatorContext)
            let agent = pair.agent
            try await pair.eu.server.context.database.write { tables in
                try tables.database.execute(sql: "DELETE FROM handovers")
                guard var row = try tables.agents.find(agent) else { return }
                row.epoch = 0
                try tables.agents.save(row)
            }

            let (again, _) = try await pair.issue()
            try await pair.eu.server.shell.take(
                [.higherEpochSeen(2)], SourceHandover.self, of: again, by: .server)
            #expect(try await pair.source(again)?.phase == .cancelled)
            #expect(try await pair.row()?.epoch == 3)
            let (last, _) = try await pair.issue()
            #expect(try await pair.source(last)?.claims.epoch == 4)
        }
    }
}
