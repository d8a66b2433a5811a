import Certificates
import PeerAPI
import PeerCore
import Vocabulary

extension OperatorInterface {
    static let version = "0.1.0"

    var serverRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.serverInfo, .readFleet) { _ in
                let rows = try await site.database.read { try $0.agents.all() }
                let active = try site.authority.active().certificate
                return ServerInfo(
                    peerID: site.authority.peerID, name: site.name, version: Self.version,
                    opampEndpoint: try site.address.opampEndpoint.description,
                    federationEndpoint: try site.address.origin.description, authority: active.fingerprint,
                    time: site.now(), agents: rows.count,
                    liveAgents: rows.filter { view.presence(of: $0) == .live }.count)
            }
        ]
    }
}
