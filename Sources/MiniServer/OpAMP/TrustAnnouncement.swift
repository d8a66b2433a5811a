import Certificates
import HandoverToken
import Logging
import OpAMPProto
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

/// What agents receive when this server's CA keys have changed: the signers to accept, and the CAs of the listener.
/// They receive both from the draft on, before anything depends on it.
struct TrustAnnouncement {
    let server: ServerContext

    /// For every connected agent. The others receive it with the answer to their next report.
    func tellEverybody(in fleet: FleetService) async {
        guard let news = await news() else { return }
        for session in server.agents.sessions {
            guard let proof = session.proof else { continue }
            let memory = fleet.memory(of: session)
            let message = try? await server.database.write { [server] tables in
                var facts = try server.facts(of: session, proof, tables)
                (facts.memory, facts.news) = (memory, news)
                let known = facts.row?.offeredSettings
                let message = facts.announce(at: server.now())
                if let row = facts.row, row.offeredSettings != known { try tables.agents.save(row) }
                if facts.memory.owesTrust { fleet.oweTrust(to: session) }
                return message
            }
            if let message = message ?? nil {
                _ = await server.agents.send(message, to: session.agent)
            }
        }
    }

    /// A change of trust acts at once: sessions whose certificate opens nothing any more end.
    func dismissUntrusted() async {
        for session in server.agents.sessions {
            guard let proof = session.proof else { continue }
            let standing = try? await server.database.read { [server] in
                try server.facts(of: session, proof, $0).standing(at: server.now())
            }
            guard standing == .over else { continue }
            server.agents.dismiss(because: "The agent's certificate is no longer trusted.") { $0 == session }
        }
    }

    /// `nil` while there has only ever been one key.
    func news() async -> TrustChange? {
        // An agent takes no CAs that no statement names.
        guard server.authority.hasRotated, let statement = await server.signersMessage() else { return nil }
        // Agents do not verify a listener certificate from files with this server's keys.
        let endpoint = try? server.address.opampEndpoint
        let isOurs = endpoint.map {
            server.authority.vouches(for: server.listener.chain, at: $0.host, at: server.now())
        }
        let authorities = server.authority.signingKeys.published.sorted {
            $0.fingerprint.description < $1.fingerprint.description
        }
        return TrustChange(
            authorities: isOurs == true ? CertificateBundle(authorities) : nil, statement: statement)
    }
}
