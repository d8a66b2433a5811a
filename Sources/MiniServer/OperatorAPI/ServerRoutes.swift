import Certificates
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension OperatorInterface {
    static let version = "0.1.0"

    var serverRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.serverInfo, .readFleet) { _ in
                let rows = try await server.database.read { try $0.agents.all() }
                let active = try server.authority.active().certificate
                return ServerInfo(
                    peerID: server.authority.peerID, name: server.name, version: Self.version,
                    opampEndpoint: try server.address.opampEndpoint.description,
                    federationEndpoint: try server.address.origin.description, authority: active.fingerprint,
                    time: server.now(), agents: rows.count,
                    liveAgents: rows.filter { view.presence(of: $0) == .live }.count)
            }
        ]
    }
}
