import Certificates
import OpAMPProto
import PeerCore
import Vocabulary

@testable import MiniServer

extension RunningServer {
    /// An agent's row as an enrolment leaves it, without an agent behind it.
    func addAgent() async throws -> AgentID {
        let site = server.site
        let id = AgentID(version7At: .now, random: RandomBytes.generate(10))
        guard let uid = InstanceUID(bytes: RandomBytes.generate(16)) else { throw NotStarted() }
        let active = try site.authority.active()
        let leaf = try Issuer(certificate: active.certificate, key: active.key).issue(
            .agentLeaf(id), subject: "agent", publicKey: try PrivateKey.generateP256().publicKey,
            serial: RandomBytes.generate(16), validity: Authority.validity(.seconds(86_400), from: .now))
        let row = AgentRecord(
            id: id, displayName: "host", instanceUID: uid, leaf: leaf,
            capabilities: [.reportsStatus, .acceptsOpAMPConnectionSettings])
        try await site.database.write { try $0.agents.save(row) }
        return id
    }
}
