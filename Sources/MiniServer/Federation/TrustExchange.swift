import Certificates
import Foundation
import HandoverToken
import Logging
import ServerAPI
import ServerCore
import ServerStorage
import Synchronization
import Vocabulary

extension ServerContext {
    /// Saves a peer's trust statement if a recorded signer has signed it.
    ///
    /// - Returns: the peer's row as it is then.
    /// - Throws: `TrustStatementRefusal` or `FederationRefusal`.
    func learn(_ statement: String, of peer: PeerID, by context: AuditContext) async throws -> PeerRecord {
        let now = now()
        return try await database.write { tables in
            guard let row = try tables.peers.find(peer) else { throw NotFound.peer(peer.description) }
            let statement = try TrustStatement.verified(
                statement, signers: row.trust.tokenSigners, issuer: row.id, at: now)
            guard let refreshed = try row.refreshed(by: statement) else { return row }
            try tables.peers.save(refreshed)
            try tables.audit.append(
                AuditFact(
                    .peerTrustRefreshed, entityType: "peer", entityID: row.name, before: String(row.trust.version),
                    after: String(statement.version),
                    additional: .members(["opampEndpoint": .string(statement.opampEndpoint.description)])),
                context: context, at: now)
            return refreshed
        }
    }
}

extension FederationClient {
    /// Tells every peer whom to trust from now on. All are told at once, and one that does not answer costs its deadline.
    ///
    /// - Parameter next: the chain that the listener is about to present.
    func announceTrust(of next: [Certificate] = []) async {
        do {
            let statement = try await server.trustStatement(announcing: next)
            await withEveryPeer { peer in await self.announce(statement, to: peer) }
        } catch {
            server.log.error("peers not told of the CAs", metadata: ["reason": "\(error.explained)"])
        }
    }

    private func announce(_ statement: TrustStatement, to peer: PeerRecord) async {
        guard told.withLock({ $0[peer.id] != statement.version }) else { return }
        do {
            // By the key known longest; who was added since the last rotation knows the active one only.
            let active = try server.authority.active().certificate.fingerprint
            for signers in [[], [active]] as [Set<Fingerprint>] {
                let body = TrustBundle(statement: try server.authority.sign(statement, knownTo: signers))
                let reply = try await ask(try Question(FederationRoutes.announceTrust(), sending: body), of: peer)
                if reply.status == 200 { return told.withLock { $0[peer.id] = statement.version } }
                guard reply.problem?.code == TrustBundleCode.unknownSigner.code, signers.isEmpty else {
                    throw PeerCallError.status(reply.status, peer: peer.name)
                }
            }
        } catch {
            server.log.notice(
                "peer not told of the CAs", metadata: ["peer": "\(peer.name)", "reason": "\(error.explained)"])
        }
    }

    /// One task per peer: a peer that does not answer delays no other.
    func withEveryPeer(_ body: @escaping @Sendable (PeerRecord) async -> Void) async {
        let peers = (try? server.database.look { try $0.peers.all() }) ?? []
        await withTaskGroup { group in
            for peer in peers where peer.enabled && peer.outbound != nil {
                group.addTask { await body(peer) }
            }
        }
    }
}
