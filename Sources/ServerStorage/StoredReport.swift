import GRDB
import OpAMPProto
import ServerCore
import Vocabulary

/// What an agent reported about itself, each part in OpAMP's encoding. The caller has limited its size.
struct StoredReport: Equatable {
    var description: AgentDescription?
    var health: ComponentHealth?
    var configurationStatus: RemoteConfigStatus?

    init(of agent: AgentRecord?) {
        description = agent?.description
        health = agent?.health
        configurationStatus = agent?.configurationStatus
    }

    init(_ row: StoredRow, from start: Int) throws {
        let part = { (index: Int) in
            try row.optionalBytes(start + index).map { try AgentToServer(decoding: $0) }
        }
        description = try part(0)?.agentDescription
        health = try part(1)?.health
        configurationStatus = try part(2)?.remoteConfigStatus
    }

    func apply(to agent: inout AgentRecord) {
        agent.description = description
        agent.health = health
        agent.configurationStatus = configurationStatus
    }

    func save(_ agent: AgentID, in database: Database) throws {
        let parts = [
            try description.map { try AgentToServer(agentDescription: $0).encoded() },
            try health.map { try AgentToServer(health: $0).encoded() },
            try configurationStatus.map { try AgentToServer(remoteConfigStatus: $0).encoded() },
        ]
        try database.run(
            """
            INSERT INTO reports (agent, description, health, configurationStatus) VALUES (?, ?, ?, ?)
            ON CONFLICT (agent) DO UPDATE SET description = excluded.description, health = excluded.health,
                configurationStatus = excluded.configurationStatus
            """,
            [.text(agent)] + parts.map { ColumnValue.bytes($0) })
    }
}
