import Certificates
import Foundation
import HandoverToken
import OpAMPProto
import ServerAPI
import ServerCore
import ServerStorage
import Testing
import Vocabulary

@testable import MiniServer

/// What happens to the keys of the CA when several change them, when there are too many, and when agents depend on them.
@Suite(.timeLimit(.minutes(1)))
struct SigningKeyChangeTests {
    private func keys(of server: RunningServer) async throws -> [SigningKeySummary] {
        try await server.call(OperatorRoutes.signingKeys()).items
    }

    private func draft(at server: RunningServer) async throws -> SigningKeySummary {
        try await server.call(OperatorRoutes.draftSigningKey())
    }

    private func change(_ route: Route<NoContent, SigningKeySummary>, _ key: Fingerprint, at server: RunningServer)
        async throws -> SigningKeySummary
    {
        try await server.call(route("\(key)"))
    }

    private func code(_ body: () async throws -> Void) async throws -> String? {
        do {
            try await body()
            return nil
        } catch let refused as RunningServer.Refused {
            return refused.problem.code
        }
    }

    @Test func `after four drafts at once the list is what the database holds`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let drafts = try await withThrowingTaskGroup { tasks in
                for _ in 0..<4 { tasks.addTask { try await draft(at: eu).fingerprint } }
                return try await tasks.reduce(into: Set<Fingerprint>()) { $0.insert($1) }
            }
            let stored = try await eu.server.context.database.read { tables in
                try tables.signingKeys.all().map { try Certificate(pem: $0.certificatePEM).fingerprint }
            }
            let listed = try await keys(of: eu)
            #expect(drafts.count == 4)
            #expect(Set(listed.map(\.fingerprint)) == Set(stored) && stored.count == 5)
            for draft in drafts {
                #expect(try await change(OperatorRoutes.activateSigningKey, draft, at: eu).state == .active)
            }
            #expect(try await keys(of: eu).filter { $0.state == .active }.count == 1)
        }
    }

    @Test func `a draft too many is refused with a way out, and a discarded one makes room`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            for _ in 0..<7 { _ = try await draft(at: eu) }
            #expect(try await code { _ = try await draft(at: eu) } == "ca.too-many-keys")
            #expect(try await eu.server.context.trustStatement().tokenSigners.certificates.count == 8)
            let drafts = try await keys(of: eu).filter { $0.state == .draft }
            let discarded = try await change(
                OperatorRoutes.discardSigningKey, try #require(drafts.first).fingerprint, at: eu)
            #expect(discarded.state == .retired)
            #expect(try await eu.audit().contains { $0.action == .signingKeyDiscarded })
            #expect(try await draft(at: eu).state == .draft)
            let active = try eu.server.context.authority.active().certificate.fingerprint
            let refusal = try await code { _ = try await change(OperatorRoutes.discardSigningKey, active, at: eu) }
            #expect(refusal == "ca.key-not-draft")
        }
    }

    /// As 31 days after it was replaced.
    private func age(_ key: Fingerprint, at server: RunningServer) async throws {
        try await server.server.context.database.write { tables in
            var record = try #require(try tables.signingKeys.find(key.description))
            record.since = record.since - .seconds(31 * 86_400)
            try tables.signingKeys.save(record, key: key.description)
        }
    }

    @Test func `an agent that came by a handover keeps a key that it knows alone, and its session when that retires`()
        async throws
    {
        try await HandoverWorld.run { world in
            let (eu, us) = (world.eu, world.us)
            let agent = try await world.enrolled(at: eu)
            let line = try await agent.connect(to: eu)
            let (there, _) = try await world.handOver(agent, on: line, from: eu, to: us, probation: 0)
            let old = try us.server.context.authority.active().certificate.fingerprint
            let fresh = try await draft(at: us).fingerprint
            _ = try await change(OperatorRoutes.activateSigningKey, fresh, at: us)
            try await age(old, at: us)
            let refusal = try await code { _ = try await change(OperatorRoutes.retireSigningKey, old, at: us) }
            #expect(refusal == "ca.key-known-alone")

            // It connects again: it is told of the other key, and nothing of its leaf is this server's. Not that it was
            // told counts, but that it did as it was told.
            try await there.leave()
            let again = try await agent.dial(us)
            let offer = try #require(try await again.report().connectionSettings)
            let retire = { try await self.change(OperatorRoutes.retireSigningKey, old, at: us) }
            #expect(try await code { _ = try await retire() } == "ca.key-known-alone")
            try await again.report(.failed, of: offer.hash)
            #expect(try await code { _ = try await retire() } == "ca.key-known-alone")
            try await again.report(.applied, of: offer.hash)
            let retired = try await change(OperatorRoutes.retireSigningKey, old, at: us)
            #expect(retired.state == .retired)
            let row = try await world.row(of: agent, at: us).id
            #expect(us.server.context.agents.session(of: row) != nil, "its handover still lets it in")
            try await again.leave()
        }
    }

    @Test func `a server whose active key is not valid yet does not start, and founds none`() async throws {
        try await RunningServer.withDatabase { database in
            let sealing = try SealingKey(Secret(RandomBytes.generate(32)))
            let ahead = Timestamp.now + .seconds(200 * 86_400)
            let founded = try await Authority.open(in: database, sealing: sealing, name: "eu", at: ahead)
            let certificate = try founded.active().certificate
            #expect(certificate.notBefore == ahead.inWholeSeconds - Authority.backdate)
            await #expect(throws: AuthorityFailure.activeKeyNotYetValid(from: certificate.notBefore)) {
                _ = try await Authority.open(in: database, sealing: sealing, name: "eu", at: .now)
            }
            #expect(throws: AuthorityFailure.activeKeyNotYetValid(from: certificate.notBefore)) {
                _ = try founded.issueFederation(subject: "a test", lifetime: .seconds(86_400), at: .now)
            }
            #expect(throws: AuthorityFailure.activeKeyNotYetValid(from: certificate.notBefore)) {
                _ = try founded.issueListener(names: ["localhost"], at: .now)
            }
        }
    }

    @Test func `a new certificate is valid for clocks an hour behind, and never before its CA`() async throws {
        try await RunningServer.run("eu") { servers in
            let authority = servers[0].server.context.authority
            let now = Timestamp.now
            let active = try authority.active().certificate
            #expect(active.notBefore <= now - .seconds(3599))
            let later = now + .seconds(86_400)
            for (time, expected) in [
                (later, later.inWholeSeconds - .seconds(3600)), (active.notBefore, active.notBefore),
            ] {
                let listener = try authority.issueListener(names: ["localhost"], at: time).certificate
                let federation = try authority.issueFederation(
                    subject: "a test", lifetime: .seconds(86_400), at: time
                ).certificate
                #expect(listener.notBefore == expected && federation.notBefore == expected)
            }
        }
    }
}

extension Timestamp {
    /// As a certificate keeps it.
    fileprivate var inWholeSeconds: Timestamp { Timestamp(seconds: seconds) }
}
