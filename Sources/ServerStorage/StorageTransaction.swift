import GRDB
package import ServerCore
package import Vocabulary

/// All tables within one transaction. Callers read and write through them and contain no SQL.
package struct StorageTransaction {
    let database: Database
    let memory: StorageMemory
    private let seen = SeenAgents()

    init(database: Database, memory: StorageMemory) {
        self.database = database
        self.memory = memory
    }

    package var facts: RecordTable<FactRecord> { table() }
    package var signingKeys: RecordTable<SigningKeyRecord> { table() }
    package var ownCertificates: RecordTable<OwnCertificateRecord> { table() }
    package var operatorTokens: RecordTable<StoredOperatorToken> { table() }
    package var groups: RecordTable<GroupRecord> { table() }
    package var configurations: RecordTable<ConfigurationRecord> { table() }
    package var bootstrapTokens: RecordTable<StoredBootstrapToken> { table() }
    package var peers: RecordTable<StoredPeer> { table() }
    package var agents: AgentTable { AgentTable(database: database, seen: seen) }
    package var sources: HandoverTable<SourceHandover> { HandoverTable(database: database, kept: memory.sources) }
    package var targets: HandoverTable<TargetHandover> { HandoverTable(database: database, kept: memory.targets) }
    package var outbox: OutboxTable { OutboxTable(database: database) }
    package var audit: AuditTable { AuditTable(database: database) }

    private func table<Form>() -> RecordTable<Form> { RecordTable(database: database, memory: memory) }
}

extension StorageTransaction {
    /// The configuration that the agent is to have and has yet to be offered.
    package func configurationDue(to agent: AgentRecord) throws -> ConfigurationRecord? {
        guard let name = agent.configuration, let wanted = try configurations.find(name),
            agent.lacks(configurationHash: Array(wanted.hash))
        else { return nil }
        return wanted
    }

    /// The row and the handovers that say where an agent with this leaf belongs. The row lacks what the agent reported:
    /// it is to decide by, and must not be saved in another transaction.
    package func records(ofLeaf leaf: Fingerprint) throws -> (
        row: AgentRecord?, arrivals: [TargetHandover], departures: [SourceHandover]
    ) {
        let arrivals = try targets.binding(leaf: leaf).map(\.machine)
        let byArrival = { try arrivals.lazy.compactMap(\.agentRow).first.flatMap { try agents.findWithoutReport($0) } }
        return (
            try agents.findWithoutReport(leaf) ?? byArrival(), arrivals,
            try sources.binding(leaf: leaf).map(\.machine)
        )
    }
}
