import GRDB

/// All tables within one transaction.
struct StorageTransaction {
    let database: Database

    var facts: RecordTable<FactRecord> { table("facts") }
    var signingKeys: RecordTable<SigningKeyRecord> { table("signingKeys") }
    var ownCertificates: RecordTable<OwnCertificateRecord> { table("ownCertificates") }
    var operatorTokens: RecordTable<OperatorToken> { table("operatorTokens") }
    var groups: RecordTable<GroupRecord> { table("groups") }
    var configurations: RecordTable<ConfigurationRecord> { table("configurations") }
    var bootstrapTokens: RecordTable<StoredBootstrapToken> { table("bootstrapTokens") }
    var peers: RecordTable<StoredPeer> { table("peers") }
    var agents: RecordTable<StoredAgent> { table("agents") }
    var sources: RecordTable<StoredSource> { table("sourceHandovers") }
    var targets: RecordTable<StoredTarget> { table("targetHandovers") }
    var outbox: OutboxTable { OutboxTable(database: database) }
    var audit: AuditTable { AuditTable(database: database) }

    private func table<Form>(_ name: String) -> RecordTable<Form> { RecordTable(database: database, name: name) }
}
