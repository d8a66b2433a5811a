import Certificates
import HandoverToken
import Logging
import OpAMPProto
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

extension ServerContext {
    /// The CAs above the listener's certificate that are not this authority's.
    func listenerCAs() -> [Certificate] { authority.listenerCAs(of: listener.chain, at: now()) }

    /// What the other side pastes.
    func paste(of identity: FederationIdentity) -> String {
        // As many as a paste may hold beside the first two.
        let others = listenerCAs().prefix(Limits.bundleCertificates - 1)
        return identity.certificate.pem + identity.issuer.pem + others.map(\.pem).joined()
    }

    /// What peers and agents are told to trust, and where this server's agents connect.
    ///
    /// Its version is counted when it is asked for: it rises whenever the statement says something new, whatever
    /// changed it - a CA key, the listener's chain, or the address at a restart.
    ///
    /// - Parameter next: the chain that the listener is about to present.
    func trustStatement(announcing next: [Certificate] = []) async throws -> TrustStatement {
        let (endpoint, now) = (try address.opampEndpoint, now())
        return try await database.write { [authority, listener] tables in
            let current = { (version: Int64) in
                try authority.trustStatement(
                    version: version, listeners: [listener.chain, next], endpoint: endpoint, at: now)
            }
            return try current(try tables.facts.trustVersion(of: try current(1)))
        }
    }

    /// The same for an agent, signed by a key that it already holds; `nil` while there has only ever been one key, which
    /// every agent knows from its enrolment or its handover. It is sent before a handover's offer, because the token in
    /// that is signed by the Active key.
    func signersMessage() async -> CustomMessage? {
        guard authority.hasRotated else { return nil }
        do {
            let text = try authority.sign(try await trustStatement())
            return CustomMessage(
                capability: MoveMessage.capability, type: MoveMessage.statementType, data: Array(text.utf8))
        } catch {
            log.error("agents not told of the CA keys", metadata: ["reason": "\(error.explained)"])
            return nil
        }
    }
}

extension Authority {
    /// There is or was a second key.
    var hasRotated: Bool { signingKeys.keys.count > 1 }
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
