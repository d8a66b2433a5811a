import Certificates
import Foundation
import HandoverToken
import OpAMPProto
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import TestPKI
import Testing
import Vocabulary
import WireSamples

@testable import MiniServer

/// An agent that knows one CA of this server, and what becomes of it when there is another.
@Suite(.timeLimit(.minutes(1)))
struct RotationTests {
    /// A member of the fleet, its first CA the only one that it trusts for anything.
    private struct Agent {
        let identity: TestIdentity
        let authority: Certificate

        static func enrolled(at server: RunningServer) async throws -> Agent {
            let uid = try #require(InstanceUID(bytes: AgentToServerExample.uid))
            let agent = WireAgent(key: try .generateP256(), uid: uid)
            return Agent(
                identity: TestIdentity(certificate: try await server.enrol(agent).leaf, key: agent.key),
                authority: try server.server.context.authority.active().certificate)
        }

        func connect(to server: RunningServer) async throws -> RawClient {
            let client = try await RawClient.connect(
                to: try #require(await server.server.port), as: identity, trusting: authority)
            #expect(try await client.upgrade()?.status == 101)
            return client
        }

        static func report(lastOffer: [UInt8]? = nil) -> AgentToServer {
            var report = AgentToServerExample.full(sequence: 1)
            report.customCapabilities = .ours
            report.connectionSettingsStatus = lastOffer.map {
                ConnectionSettingsStatus(lastConnectionSettingsHash: $0, status: .applied)
            }
            return report
        }

        /// What a statement in this message says, to somebody who holds only the first CA.
        func statement(in message: ServerToAgent?) throws -> TrustStatement {
            let custom = try #require(message?.customMessage)
            #expect(custom.capability == MoveMessage.capability && custom.type == "trust-statement")
            return try TrustStatement.verified(
                String(decoding: custom.data, as: UTF8.self), signers: try TokenSigners([authority]), issuer: nil,
                at: .now)
        }
    }

    private static func rotate(_ server: RunningServer) async throws -> Fingerprint {
        let draft = try await server.call(OperatorRoutes.draftSigningKey())
        try await server.call(
            OperatorRoutes.activateSigningKey("\(draft.fingerprint)"))
        return draft.fingerprint
    }

    @Test func `an agent that was away during a rotation gets in, and hears of the new CA`() async throws {
        try await RunningServer.withDirectory { root in
            let configuration = ServerConfiguration(
                dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0)
            let (agent, admin, fresh) = try await RunningServer.runOnce(configuration) { server in
                (try await Agent.enrolled(at: server), server.admin, try await Self.rotate(server))
            }
            try await RunningServer.runOnce(configuration, admin: admin) { server in
                let client = try await agent.connect(to: server)
                let reply = try await client.exchange(Agent.report())
                #expect(try agent.statement(in: reply).tokenSigners.certificates.map(\.fingerprint).contains(fresh))
                let settings = try #require(reply?.connectionSettings?.opamp)
                let offered = try CertificateBundle(pem: settings.tls?.caPEMContents ?? "").certificates
                #expect(Set(offered) == Set(server.server.context.authority.signingKeys.published))
                #expect(settings.destinationEndpoint.isEmpty && settings.certificate?.privateKey.isEmpty == true)
                await client.close()

                // The agent has applied it: the next connection is offered nothing.
                let again = try await agent.connect(to: server)
                let second = try await again.exchange(Agent.report(lastOffer: reply?.connectionSettings?.hash))
                #expect(second != nil && second?.connectionSettings == nil)
                await again.close()
            }
        }
    }

    @Test func `an agent that is here hears of a draft at once, and activating it offers nothing new`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let agent = try await Agent.enrolled(at: eu)
            let client = try await agent.connect(to: eu)
            let reply = try await client.exchange(Agent.report())
            #expect(reply?.customMessage == nil && reply?.connectionSettings == nil, "there is one key only")
            let draft = try await eu.call(OperatorRoutes.draftSigningKey())
            let first = try await client.message()
            #expect(
                try agent.statement(in: first).tokenSigners.certificates.map(\.fingerprint).contains(draft.fingerprint))
            try await eu.call(
                OperatorRoutes.activateSigningKey("\(draft.fingerprint)"))
            let second = try await client.message()
            #expect(first?.connectionSettings != nil && second?.connectionSettings == first?.connectionSettings)
            #expect(try agent.statement(in: second).version > agent.statement(in: first).version)
            await client.close()
        }
    }

    @Test func `an agent whose first report was compressed gets the signers' statement with its full one`() async throws
    {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let agent = try await Agent.enrolled(at: eu)
            let fresh = try await Self.rotate(eu)
            let client = try await agent.connect(to: eu)
            // A running agent that connects again says what changed, and its capabilities.
            var compressed = AgentToServer()
            compressed.instanceUID = AgentToServerExample.uid
            compressed.sequenceNumber = 1
            compressed.capabilities = Agent.report().capabilities
            let first = try await client.exchange(compressed)
            #expect(first?.customMessage == nil && first?.flags.contains(.reportFullState) == true)
            var full = Agent.report()
            full.sequenceNumber = 2
            let second = try await client.exchange(full)
            #expect(try agent.statement(in: second).tokenSigners.certificates.map(\.fingerprint).contains(fresh))
            full.sequenceNumber = 3
            #expect(try await client.exchange(full)?.customMessage == nil, "it is told once")
            await client.close()
        }
    }

    @Test func `the listener keeps its CA until that is retired, and then shows the next`() async throws {
        try await RunningServer.run("eu") { servers in
            let context = servers[0].server.context
            let old = try context.authority.active().certificate
            let fresh = try await Self.rotate(servers[0])
            await context.renewListener()
            #expect(context.listener.chain.last == old)
            // As after the 30 days in which it cannot be retired.
            var later = context
            later.now = { .now + SigningKeys.trustedPeriod }
            await later.renewListener()
            #expect(context.listener.chain.last == old)
            try await context.authority.retire(
                old.fingerprint, in: context.database, by: .server, at: .now + SigningKeys.trustedPeriod)
            await context.renewListener()
            #expect(context.listener.chain.last?.fingerprint == fresh)
        }
    }

    @Test func `a key is not retired under the feet of the agents that it vouches for`() async throws {
        try await RunningServer.run("eu") { servers in
            let context = servers[0].server.context
            let agent = try await Agent.enrolled(at: servers[0])
            _ = try await Self.rotate(servers[0])
            let retire = {
                try await context.authority.retire(
                    agent.authority.fingerprint, in: context.database, by: .server, at: .now + SigningKeys.trustedPeriod
                )
            }
            await #expect(throws: AuthorityRefusal.vouchesForAgents(1)) { try await retire() }
            #expect(context.authority.signingKeys.honoured.contains(agent.authority))
            let leaf = agent.identity.certificate.fingerprint
            try await context.database.write { tables in
                var row = try #require(try tables.agents.find(leaf))
                row.leafRevoked = true
                try tables.agents.save(row)
            }
            try await retire()
            #expect(!context.authority.signingKeys.honoured.contains(agent.authority))
        }
    }

    @Test func `an agent in the middle of a handover is offered nothing else`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            #expect(try await eu.ping("us").ok)
            let agent = try await Agent.enrolled(at: eu)
            let client = try await agent.connect(to: eu)
            _ = try await client.exchange(Agent.report())
            let row = try #require(
                try await eu.server.context.database.read { try $0.agents.find(agent.identity.certificate.fingerprint) }
            )
            try await eu.call(
                OperatorRoutes.issueHandover(), sending: ServerAPI.HandoverIssue(agent: row.id.description, peer: "us"))
            try await eu.call(OperatorRoutes.draftSigningKey())
            let news = try await client.message()
            #expect(news?.customMessage != nil && news?.connectionSettings == nil)
            await client.close()
        }
    }
}
