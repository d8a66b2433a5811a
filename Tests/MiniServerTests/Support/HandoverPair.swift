import Certificates
import HandoverToken
import OpAMPProto
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

@testable import MiniServer

/// Two servers that know each other both ways, and an agent of the first that may be handed over.
struct HandoverPair: Sendable {
    let eu: RunningServer
    let us: RunningServer
    let agent: AgentID

    init(_ eu: RunningServer, _ us: RunningServer) async throws {
        (self.eu, self.us) = (eu, us)
        _ = try await RunningServer.federate(eu, us)
        _ = try await eu.ping("us")
        _ = try await us.ping("eu")
        agent = try await eu.enrolledAgent()
    }

    var operatorContext: AuditContext { AuditContext(actor: "test", role: "admin") }

    func issue() async throws -> (handover: HandoverID, token: String) {
        let issued = try await eu.service.issue(.init(agent: agent, peerName: "us"), by: operatorContext)
        return (issued.handover.machine.id, issued.token)
    }

    func source(_ id: HandoverID) async throws -> SourceHandover? {
        try await eu.server.context.database.read { try $0.sources.find(id)?.machine }
    }

    func row() async throws -> AgentRecord? {
        let agent = agent
        return try await eu.server.context.database.read { try $0.agents.find(agent) }
    }
}

extension RunningServer {
    var service: HandoverService { HandoverService(server: server.context, shell: server.shell) }

    /// Enrols this agent without a connection.
    func enrol(_ agent: WireAgent) async throws -> (row: AgentID, leaf: Certificate) {
        let id = AgentID(version7At: .now, random: RandomBytes.generate(10))
        let leaf = try server.context.authority.issueLeaf(try LeafOrder(agent.leafRequest, row: id, at: .now))
        let row = AgentRecord(
            id: id, displayName: "db-7", instanceUID: agent.uid, leaf: leaf,
            capabilities: [.reportsStatus, .acceptsOpAMPConnectionSettings])
        try await server.context.database.write { try $0.agents.save(row) }
        return (id, leaf)
    }

    /// An agent that enrolled here and is away.
    func enrolledAgent() async throws -> AgentID { try await enrol(WireAgent()).row }
}
