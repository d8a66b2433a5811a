import Certificates
import HandoverToken
import ServerCore
import ServerStorage
import Vocabulary

extension ServerContext {
    /// What peers and agents are told to trust, and where this server's agents connect.
    ///
    /// Its version is counted when it is asked for: it rises whenever the statement says something new, whatever
    /// changed it - a CA key, the listener's chain, or the address at a restart.
    func trustStatement() async throws -> TrustStatement {
        let (endpoint, now) = (try address.opampEndpoint, now())
        return try await database.write { [authority, listener] tables in
            let current = { (version: Int64) in
                try authority.trustStatement(version: version, listener: listener.chain, endpoint: endpoint, at: now)
            }
            return try current(try tables.facts.trustVersion(of: try current(1)))
        }
    }
}

extension RecordTable<FactRecord> {
    /// The last version while the statement says the same, else the next; 1 for the first.
    fileprivate func trustVersion(of statement: TrustStatement) throws -> Int64 {
        let texts = [
            statement.serverCAs.pem, statement.agentCAs.pem, statement.tokenSigners.pem,
            statement.opampEndpoint.description,
        ]
        let digest = Hex.encode(Digest.sha256(Array(texts.joined(separator: "\n").utf8)))
        let last = try find(FactRecord.trustVersion).flatMap { Int64($0.text) } ?? 0
        if try find(FactRecord.trustDigest)?.text == digest { return last }
        try save(FactRecord(text: String(last + 1)), key: FactRecord.trustVersion)
        try save(FactRecord(text: digest), key: FactRecord.trustDigest)
        return last + 1
    }
}

extension FactRecord {
    fileprivate static let trustVersion = "trustVersion"
    fileprivate static let trustDigest = "trustDigest"
}
