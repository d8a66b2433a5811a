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
        evidence.admitsOwnAgent = await Probes.admitsOwnAgent(in: run)
        for server in world.servers {
            do {
                evidence.servers.append(try await seen(server, before: watched.estates[server.label] ?? []))
                let facts = try await server.api.call(OperatorRoutes.serverInfo())
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

    @MainActor private static func seen(_ server: ServerProcess, before looks: [EstateLook]) async throws -> Server {
        var seen = Server(label: server.label, name: server.name)
        // Before the audit, so that what has changed is written by the time that is read.
        seen.estates = looks + [try await server.estate()]
        seen.agents = try await server.agents()
        // A handover may settle just now; what it says and what is written of it have to be of one moment.
        for _ in 1...5 {
            let summaries = try await server.handovers()
            seen.handovers = []
            for summary in summaries { seen.handovers.append(try await server.handover(summary.id)) }
            seen.audit = try await server.audit()
            if try await server.handovers().map(\.phase) == seen.handovers.map(\.summary.phase) { break }
        }
        seen.auditVerdict = try await server.api.call(OperatorRoutes.verifyAudit())
        return seen
    }

    /// Logs, command outputs, error answers, metrics and the audit trail, as text.
    @MainActor private static func search(_ world: DrillWorld) async -> SecretSearch {
        var texts = world.logFiles.map { file in
            SecretSearch.Text.log(file.lastPathComponent, Array((try? Data(contentsOf: file)) ?? Data()))
        }
        for server in world.servers {
            texts += server.errorTexts.map { .errorAnswer(of: server.label, $0) }
            if let api = try? server.api, let metrics = try? await api.text(PublicPaths.metrics) {
                texts.append(.metrics(of: server.label, metrics))
            }
            if let audit = try? await server.audit(), let text = try? SecretSearch.Text.audit(of: server.label, audit) {
                texts.append(text)
            }
        }
        return SecretSearch(for: canaries(of: world), in: texts)
    }

    /// What the steps have seen, and what lies in the directories of servers and agents.
    @MainActor private static func canaries(of world: DrillWorld) -> Canaries {
        var canaries = world.canaries
        for agent in world.agents {
            for identity in [agent.identityAtEnrolment, try? agent.identity()].compactMap(\.self) {
                canaries.add("private key of \(agent.name)", keyPEM: identity.keyBytes)
            }
        }
        for server in world.servers {
            let file = server.directory.appending(path: "master.key")
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
            canaries.add(
                "master key of \(server.label)", Secret(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        return canaries
    }
}
