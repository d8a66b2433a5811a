import Foundation
import NIOHTTP1
import PeerAPI
import Vocabulary

extension Evidence {
    /// Gathers whatever the world still shows. It never fails: what cannot be had is missing, and the invariants that
    /// needed it say so.
    @MainActor static func collect(from run: DrillRun, watched: Watch.Findings) async -> Evidence {
        let world = run.world
        var evidence = Evidence()
        evidence.watched = watched
        evidence.temptation = run.observations.temptation
        evidence.probes = await Probes.all(in: run)
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
            if agent.identityAtEnrolment != nil { _ = try? await agent.status() }
            evidence.agents.append(
                Agent(
                    name: agent.name, enrolled: agent.identityAtEnrolment, present: try? agent.identity(),
                    statuses: agent.statuses, log: agent.history))
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
            if let api = try? server.api, let metrics = try? await api.page(PublicPaths.metrics) {
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

/// Attempts at the end of every drill that must all be refused.
@MainActor private enum Probes {
    static func all(in run: DrillRun) async -> [Evidence.Probe] {
        var probes: [Evidence.Probe] = []
        for server in run.world.servers where server.isRunning {
            probes += await leaves(at: server, run)
            probes += await federation(at: server, run)
        }
        return probes
    }

    /// Someone with a certificate that names an agent of the server but is not its leaf; and an agent of another server
    /// that was never handed over.
    private static func leaves(at server: ServerProcess, _ run: DrillRun) async -> [Evidence.Probe] {
        var probes: [Evidence.Probe] = []
        if let known = try? await server.agents().first, let row = AgentID(known.id),
            let foreign = try? ForeignAuthority("Lookalike CA"),
            let leaf = try? foreign.impersonate(row, subject: known.displayName)
        {
            probes +=
                await attempt(.lookalikeLeaf, "a lookalike's certificate at \(server.label)") {
                    try await report(to: server, as: leaf, uid: known.instanceUID)
                }
        }
        if let bystander = run.observations.bystander, run.observations.bystanderHome != server.label {
            let leaf = (String(decoding: bystander.leafBytes, as: UTF8.self), Secret(bystander.keyBytes))
            probes +=
                await attempt(.foreignLeaf, "an unannounced agent's certificate at \(server.label)") {
                    try await report(to: server, as: leaf, uid: bystander.instanceUID)
                }
        }
        return probes
    }

    private static func federation(at server: ServerProcess, _ run: DrillRun) async -> [Evidence.Probe] {
        guard let link = run.observations.federationSecrets.first(where: { $0.callee == server.name }),
            let caller = run.world.servers.first(where: { $0.name == link.caller }), caller.isRunning
        else { return [] }
        var probes = await attempt(.noCertificate, "the right secret without a certificate at \(server.label)") {
            try await ping(server, with: link.secret, as: nil)
        }
        if let bystander = run.observations.bystander {
            let leaf = (String(decoding: bystander.leafBytes, as: UTF8.self), Secret(bystander.keyBytes))
            probes +=
                await attempt(.otherCertificate, "the right secret with an agent's certificate at \(server.label)") {
                    try await ping(server, with: link.secret, as: leaf)
                }
        }
        if let probe = await wrongSecret(from: caller, to: server, right: link.secret) { probes.append(probe) }
        return probes
    }

    /// The right certificate with another secret: the caller's own server is given a wrong one for a moment.
    private static func wrongSecret(from caller: ServerProcess, to server: ServerProcess, right: Secret) async
        -> Evidence.Probe?
    {
        let wrong = "opamp-fs." + Base64URL.encode([UInt8](repeating: 7, count: 32))
        func save(_ text: String) async throws {
            try await caller.api.order(
                OperatorRoutes.savePeerSecret, OperatorRoutes.savePeerSecret.path(server.name),
                sending: PeerSecretText(direction: "outbound", secret: text))
        }
        guard (try? await caller.ping(server.name))?.ok == true, (try? await save(wrong)) != nil else { return nil }
        let ping = try? await caller.ping(server.name)
        guard (try? await save(right.revealText())) != nil, (try? await caller.ping(server.name))?.ok == true, let ping
        else { return nil }
        return Evidence.Probe(
            kind: .wrongSecret, what: "the right certificate with a wrong secret at \(server.label)",
            answer: ping.text, wasRefused: !ping.ok && ping.text.contains("401"))
    }

    /// No answer is no evidence.
    private static func attempt(
        _ kind: Evidence.Probe.Kind,
        _ what: String,
        _ exchange: () async throws -> (status: Int, body: String)
    ) async -> [Evidence.Probe] {
        guard let (status, body) = try? await exchange() else { return [] }
        let code = (try? JSONDecoder().decode(Problem.self, from: Data(body.utf8)))?.code
        let answer = code.map { "\(status) \($0)" } ?? "\(status)"
        return [.init(kind: kind, what: what, answer: answer, wasRefused: status == 401 || status == 403)]
    }

    /// The least OpAMP message there is: an AgentToServer with nothing but `instance_uid` (field 1, 16 bytes).
    private static func report(to server: ServerProcess, as leaf: (chain: String, key: Secret), uid: InstanceUID)
        async throws -> (status: Int, body: String)
    {
        let client = try server.stranger(identity: leaf)
        return try await closing(client) {
            try await client.exchange(
                HTTPMethod.POST, PublicPaths.opamp,
                headers: ["Content-Type": "application/x-protobuf", "OpAMP-Instance-UID": "\(uid)"],
                body: [0x0A, 0x10] + uid.bytes)
        }
    }

    private static func ping(_ server: ServerProcess, with secret: Secret, as leaf: (chain: String, key: Secret)?)
        async throws -> (status: Int, body: String)
    {
        let client = try server.stranger(identity: leaf)
        return try await closing(client) {
            try await client.exchange(
                HTTPMethod.GET, FederationRoutes.ping.template,
                headers: ["Authorization": "Bearer \(secret.revealText())"])
        }
    }

    private static func closing<Answer>(_ client: ServerClient, _ use: () async throws -> Answer) async throws -> Answer
    {
        do {
            let answer = try await use()
            await client.close()
            return answer
        } catch {
            await client.close()
            throw error
        }
    }
}
