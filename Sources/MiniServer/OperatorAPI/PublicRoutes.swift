import Certificates
import HTTPTypes
import Hummingbird
import NIOCore
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

/// What needs no credential: trust, health and figures.
struct PublicRoutes: Sendable {
    let server: ServerContext

    static let paths = [
        PublicPaths.trustBundle, PublicPaths.live, PublicPaths.ready, PublicPaths.metrics, PublicPaths.description,
    ]

    func add(to router: Router<CallerContext>) {
        router.get(RouterPath(PublicPaths.trustBundle)) { _, _ in
            let pem = server.authority.signingKeys.published.map(\.pem).joined()
            return Response.text(pem, type: "application/x-pem-file")
        }
        router.get(RouterPath(PublicPaths.live)) { _, _ in Response.text("ok\n", type: "text/plain") }
        router.get(RouterPath(PublicPaths.ready)) { _, _ in
            _ = try await server.database.read { try $0.facts.count() }
            _ = try server.authority.active()
            return Response.text("ready\n", type: "text/plain")
        }
        router.get(RouterPath(PublicPaths.metrics)) { _, _ in
            Response.text(
                server.metrics.exposition(gauges: try await gauges()), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.get(RouterPath(PublicPaths.description)) { _, _ in
            Response.text(APIDescription.document.description, type: "application/json")
        }
    }

    private func gauges() async throws -> [Metrics.Gauge] {
        let (entries, notices, phases) = try await server.database.read { tables in
            let sources = try tables.sources.phases().map { (HandoverRole.source, $0.phase, $0.count) }
            let targets = try tables.targets.phases().map { (HandoverRole.target, $0.phase, $0.count) }
            return (try tables.audit.lastSequence(), try tables.outbox.count(), sources + targets)
        }
        return [
            Metrics.Gauge(name: Metrics.connectedAgents, value: server.agents.sessions.count),
            Metrics.Gauge(name: Metrics.auditEntries, value: Int(entries)),
            Metrics.Gauge(name: Metrics.waitingNotices, value: notices),
            Metrics.Gauge(name: Metrics.storageCommits, kind: "counter", value: server.database.commits),
            Metrics.Gauge(name: Metrics.storageLog, value: server.database.logBytes),
            Metrics.Gauge(name: Metrics.listenerTrouble, value: server.listenerTrouble.isPresent ? 1 : 0),
        ]
            + phases.map { role, phase, count in
                Metrics.Gauge(name: Metrics.handovers, labels: ["role": role.rawValue, "phase": phase], value: count)
            }
    }
}
