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

/// Two federated servers in this process, wired as `mini-server serve` wires them, and agents that do what a test says.
struct HandoverWorld: Sendable {
    let eu: RunningServer
    let us: RunningServer

    static func run(_ body: @Sendable (HandoverWorld) async throws -> Void) async throws {
        try await RunningServer.run("eu", "us") { servers in
            let world = HandoverWorld(eu: servers[0], us: servers[1])
            _ = try await RunningServer.federate(world.eu, world.us)
            try #require(try await world.eu.ping("us").ok)
            try #require(try await world.us.ping("eu").ok)
            try await body(world)
        }
    }

    /// The name under which the other server is known.
    func name(of server: RunningServer) -> String { server.server.context.name }

    // MARK: The operators

    /// - Parameter probation: zero settles the handover as soon as the agent has arrived.
    func issue(
        _ agent: WireAgent, from source: RunningServer, to target: RunningServer, probation: Int = 300
    ) async throws -> IssuedHandover {
        let row = try await row(of: agent, at: source).id.description
        return try await source.call(
            OperatorRoutes.issueHandover(),
            sending: ServerAPI.HandoverIssue(agent: row, peer: name(of: target), probationSeconds: probation))
    }

    @discardableResult
    func redeem(_ issued: IssuedHandover, at target: RunningServer) async throws -> HandoverSummary {
        try await target.call(OperatorRoutes.redeemHandover(), sending: HandoverRedemption(token: issued.token))
    }

    // MARK: The agent's way

    /// A new agent of this server, enrolled with a bootstrap token as every agent is.
    func enrolled(at server: RunningServer) async throws -> WireAgent {
        try await enrolled(WireAgent(), at: server, with: try await bootstrapToken(at: server))
    }

    func enrolled(_ agent: WireAgent, at server: RunningServer, with token: String) async throws -> WireAgent {
        let line = try await agent.dial(server, headers: ["Authorization: Bearer \(token)"])
        let answer = try await line.report { $0.connectionSettingsRequest = try agent.leafRequest }
        let leaf = try answer.offeredLeaf
        try await line.leave()
        return agent.with(leaf)
    }

    func bootstrapToken(at server: RunningServer) async throws -> String {
        try await server.call(
            OperatorRoutes.createBootstrapToken(), sending: BootstrapTokenRequest()
        ).text
    }

    /// Leaves the source with its offer and has reported to the target: all that is missing is that it says `APPLIED`.
    ///
    /// - Parameter line: the agent's line at the source, which it leaves.
    /// - Returns: its line at the target, and the hash of the offer that led there.
    func lead(
        _ agent: WireAgent, from line: WireLine, to target: RunningServer, by issued: IssuedHandover,
        over transport: ConnectionRequest.Transport = .webSocket
    ) async throws -> (line: WireLine, hash: [UInt8]) {
        let offer = try await line.offer()
        try await line.report(.applying, of: offer.hash)
        try await line.leave()
        let id = issued.handover.id
        let there = try await agent.connect(
            to: target, over: transport, headers: ["Handover-Id: \(id)"], standing: (issued.handover.epoch, id))
        return (there, offer.hash)
    }

    /// The whole way, up to the notice that reaches the source.
    func handOver(
        _ agent: WireAgent, on line: WireLine, from source: RunningServer, to target: RunningServer,
        probation: Int = 300
    ) async throws -> (line: WireLine, issued: IssuedHandover) {
        let issued = try await issue(agent, from: source, to: target, probation: probation)
        try await redeem(issued, at: target)
        let (there, hash) = try await lead(agent, from: line, to: target, by: issued)
        try await there.report(.applied, of: hash)
        try await until { [.moved, .settled].contains(try await self.source(issued, at: source).phase) }
        return (there, issued)
    }

    // MARK: What a server has saved

    func source(_ issued: IssuedHandover, at server: RunningServer) async throws -> SourceHandover {
        try #require(try await server.server.context.database.read { try $0.sources.find(issued.handover.id) }).machine
    }

    func target(_ issued: IssuedHandover, at server: RunningServer) async throws -> TargetHandover {
        try #require(try await server.server.context.database.read { try $0.targets.find(issued.handover.id) }).machine
    }

    func row(of agent: WireAgent, at server: RunningServer) async throws -> AgentRecord {
        let rows = try await server.server.context.database.read { try $0.agents.agents(withInstanceUID: agent.uid) }
        return try #require(rows.first)
    }

    /// As operators are shown it.
    func presence(of row: AgentRecord, at server: RunningServer) -> Presence {
        FleetView(server: server.server.context, fleet: server.server.fleet).presence(of: row)
    }
}

extension ServerToAgent {
    /// The leaf that it offers.
    var offeredLeaf: Certificate {
        get throws {
            let pem = try #require(connectionSettings?.opamp?.certificate?.cert)
            return try Certificate(pem: String(decoding: pem, as: UTF8.self))
        }
    }
}

/// Returns once it is so; a test that waits in vain ends by its suite's time limit.
func until(_ isSo: () async throws -> Bool) async throws {
    while !(try await isSo()) { try await Task.sleep(for: .milliseconds(5)) }
}
