import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

/// Attempts at the end of every drill that must all be refused.
@MainActor enum Probes {
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
        if let known = try? await server.agents().first {
            probes += await lookalike(of: known, at: server, with: run.observations.tokens[server.label])
        }
        if let bystander = run.observations.bystander, run.observations.bystanderHome != server.label {
            let leaf = (String(decoding: bystander.leafBytes, as: UTF8.self), Secret(bystander.keyBytes))
            probes += await attempt(.foreignLeaf, at: server, "an unannounced agent's certificate at \(server.label)") {
                try await report(to: server, as: leaf, uid: bystander.instanceUID)
            }
        }
        return probes
    }

    /// - Parameter token: the handover token that a thief would have found; it is shown as the agent shows it.
    static func lookalike(of known: AgentSummary, at server: ServerProcess, with token: Secret?) async
        -> [Evidence.Probe]
    {
        guard let row = AgentID(known.id), let foreign = try? ForeignAuthority("Lookalike CA"),
            let leaf = try? foreign.impersonate(row, subject: known.displayName)
        else { return [] }
        let what = token == nil ? "a lookalike's certificate" : "a lookalike's certificate with the handover token"
        return await attempt(.lookalikeLeaf, at: server, "\(what) at \(server.label)") {
            try await report(to: server, as: leaf, uid: known.instanceUID, token: token)
        }
    }

    private static func federation(at server: ServerProcess, _ run: DrillRun) async -> [Evidence.Probe] {
        guard let link = run.observations.federationSecrets.first(where: { $0.callee == server.name }),
            let caller = run.world.servers.first(where: { $0.name == link.caller }), caller.isRunning
        else { return [] }
        var probes = await attempt(
            .noCertificate, at: server, "the right secret without a certificate at \(server.label)"
        ) {
            try await ping(server, with: link.secret, as: nil)
        }
        if let bystander = run.observations.bystander {
            let leaf = (String(decoding: bystander.leafBytes, as: UTF8.self), Secret(bystander.keyBytes))
            probes += await attempt(
                .otherCertificate, at: server, "the right secret with an agent's certificate at \(server.label)"
            ) {
                try await ping(server, with: link.secret, as: leaf)
            }
        }
        for _ in 1...tries {
            guard let probe = await wrongSecret(from: caller, to: server, right: link.secret) else { continue }
            return probes + [probe]
        }
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
        guard (try? await save(right.revealText())) != nil, (try? await caller.ping(server.name))?.ok == true, let ping,
            ping.ok || ping.text.contains("401")
        else { return nil }
        return Evidence.Probe(
            kind: .wrongSecret, server: server.label,
            what: "the right certificate with a wrong secret at \(server.label)", answer: ping.text,
            wasRefused: !ping.ok)
    }

    /// A machine may be too busy to answer the first time.
    private static let tries = 3

    /// No answer is no evidence, and neither is one that a busy server gives to everybody.
    private static func attempt(
        _ kind: Evidence.Probe.Kind,
        at server: ServerProcess,
        _ what: String,
        _ exchange: () async throws -> (status: Int, body: [UInt8])
    ) async -> [Evidence.Probe] {
        for _ in 1...tries {
            guard let (status, body) = try? await exchange(), status < 500, status != 429 else { continue }
            let code = (try? JSONDecoder().decode(Problem.self, from: Data(body)))?.code
            let answer = code.map { "\(status) \($0)" } ?? "\(status)"
            let wasRefused = status == 401 || status == 403
            return [.init(kind: kind, server: server.label, what: what, answer: answer, wasRefused: wasRefused)]
        }
        return []
    }

    /// The least OpAMP message there is: an AgentToServer with nothing but `instance_uid` (field 1, 16 bytes).
    private static func report(
        to server: ServerProcess, as leaf: (chain: String, key: Secret), uid: InstanceUID, token: Secret? = nil
    ) async throws -> (status: Int, body: [UInt8]) {
        var headers = ["Content-Type": "application/x-protobuf", "OpAMP-Instance-UID": "\(uid)"]
        headers["Handover-Token"] = token?.revealText()
        return try await asStranger(leaf, at: server) { client in
            try await client.exchange(.post, PublicPaths.opamp, headers: headers, body: [0x0A, 0x10] + uid.bytes)
        }
    }

    private static func ping(_ server: ServerProcess, with secret: Secret, as leaf: (chain: String, key: Secret)?)
        async throws -> (status: Int, body: [UInt8])
    {
        try await asStranger(leaf, at: server) { client in
            try await client.exchange(
                .get, FederationRoutes.ping.template,
                headers: ["Authorization": "Bearer \(secret.revealText())"])
        }
    }

    private static func asStranger<Answer>(
        _ identity: (chain: String, key: Secret)?, at server: ServerProcess,
        _ use: (OperatorClient) async throws -> Answer
    ) async throws -> Answer {
        let client = try server.stranger(identity: identity)
        do {
            let answer = try await use(client)
            await client.close()
            return answer
        } catch {
            await client.close()
            throw error
        }
    }
}
