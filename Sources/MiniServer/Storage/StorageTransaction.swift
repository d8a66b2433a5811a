import GRDB
import ServerCore
import Vocabulary

/// All tables within one transaction.
struct StorageTransaction {
    let database: Database

    var facts: RecordTable<FactRecord> { table("facts") }
    var signingKeys: RecordTable<SigningKeyRecord> { table("signingKeys") }
    var ownCertificates: RecordTable<OwnCertificateRecord> { table("ownCertificates") }
    var operatorTokens: RecordTable<StoredOperatorToken> { table("operatorTokens") }
    var groups: RecordTable<GroupRecord> { table("groups") }
    var configurations: RecordTable<ConfigurationRecord> { table("configurations") }
    var bootstrapTokens: RecordTable<StoredBootstrapToken> { table("bootstrapTokens") }
    var peers: RecordTable<StoredPeer> { table("peers") }
    var agents: RecordTable<StoredAgent> { table("agents") }
    var sources: RecordTable<StoredHandover<SourceHandover>> { table("sourceHandovers") }
    var targets: RecordTable<StoredHandover<TargetHandover>> { table("targetHandovers") }
    var outbox: OutboxTable { OutboxTable(database: database) }
    var audit: AuditTable { AuditTable(database: database) }

    func table<Form>(_ name: String) -> RecordTable<Form> { RecordTable(database: database, name: name) }
}

extension StorageTransaction {
    /// The handovers of one side.
    func handovers<Machine: HandoverMachine>(
        of machine: Machine.Type = Machine.self
    ) -> RecordTable<StoredHandover<Machine>> {
        switch Machine.role {
        case .source: table("sourceHandovers")
        case .target: table("targetHandovers")
        }
    }

    /// The configuration that the agent is to have and has yet to be offered.
    func configurationDue(to agent: AgentRecord) throws -> ConfigurationRecord? {
        guard let name = agent.configuration, let wanted = try configurations.find(name),
            agent.lacks(configurationHash: Array(wanted.hash))
        else { return nil }
        return wanted
    }

    /// The row and the handovers that say where an agent with this leaf belongs.
    func records(ofLeaf leaf: Fingerprint) throws -> (
        row: AgentRecord?, arrivals: [TargetHandover], departures: [SourceHandover]
    ) {
        let arrivals = try targets.binding(leaf: leaf).map(\.machine)
        let byArrival = try arrivals.lazy.compactMap(\.agentRow).first.flatMap { try agents.find($0) }
        return (try agents.find(leaf) ?? byArrival, arrivals, try sources.binding(leaf: leaf).map(\.machine))
    }
}
