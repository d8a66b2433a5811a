import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

extension Evidence {
    /// Gathers whatever the world still shows. It never fails: what cannot be had is missing, and the invariants that
    /// needed it say so.
    @MainActor static func collect(from run: DrillRun, watched: Watch.Findings) async -> Evidence {
        let world = run.world
        var evidence = Evidence()
        evidence.watched = watched
        evidence.temptation = run.observations.temptation
        evidence.bystanderHome = run.observations.bystanderHome
        evidence.probes = run.observations.probes
        evidence.probes += await Probes.all(in: run)
        for server in world.servers {
            do {
                evidence.servers.append(try await seen(server))
                let facts: ServerInfo = try await server.api.call(OperatorRoutes.serverInfo)
                evidence.endpoints[server.label] = facts.opampEndpoint
            } catch {
                evidence.unseen.append("\(server.label) could not be asked at the end: \(error)")
            }
        }
        for agent in world.agents {
            let atTheEnd = agent.identityAtEnrolment == nil ? nil : try? await agent.status()
            evidence.agents.append(
                Agent(
                    name: agent.name, enrolled: agent.identityAtEnrolment, present: try? agent.identity(),
                    looks: agent.looks, atTheEnd: atTheEnd, log: agent.history))
        }
        evidence.secrets = await search(world)
        return evidence
    }

    @MainActor private static func seen(_ server: ServerProcess) async throws -> Server {
        var seen = Server(label: server.label, name: server.name)
        seen.agents = try await server.agents()
        for summary in try await server.handovers() {
            seen.handovers.append(try await server.handover(summary.id))
        }
        seen.audit = try await server.audit()
        seen.auditVerdict = try await server.api.call(OperatorRoutes.verifyAudit)
        return seen
    }

    /// Logs, command outputs, error answers, metrics and the audit trail, as text.
    @MainActor private static func search(_ world: DrillWorld) async -> SecretSearch {
        var canaries = world.canaries
        for agent in world.agents {
            if let identity = agent.identityAtEnrolment {
                canaries.add("private key of \(agent.name)", keyPEM: identity.keyBytes)
            }
        }
        var texts: [(place: String, text: String)] = []
        for file in world.logFiles {
            let bytes = (try? Data(contentsOf: file)) ?? Data()
            texts.append((file.lastPathComponent, String(decoding: bytes, as: UTF8.self)))
        }
        for server in world.servers {
            texts += server.errorTexts.map { ("an error answer of \(server.label)", $0) }
            if let api = try? server.api, let metrics = try? await api.text(PublicPaths.metrics) {
                texts.append(("the metrics of \(server.label)", metrics))
            }
            if let audit = try? await server.audit(), let json = try? JSONEncoder().encode(audit) {
                texts.append(("the audit of \(server.label)", String(decoding: json, as: UTF8.self)))
            }
        }
        var search = SecretSearch(canaries: canaries.count, texts: texts.count)
        for (place, text) in texts { search.leaks += canaries.found(in: text).map { "\($0) in \(place)" } }
        return search
    }
}
