import OperatorClient
import ServerAPI
import Vocabulary

/// A caller without one of the two factors of a federation request.
extension Probes {
    static func federation(at server: ServerProcess, _ run: DrillRun) async -> [Evidence.Probe] {
        guard let link = run.observations.federationSecrets.first(where: { $0.callee == server.name }),
            let caller = run.world.servers.first(where: { $0.name == link.caller }), caller.isRunning
        else { return [] }
        var probes = await attempt(
            .noCertificate, .call, at: server, "the right secret without a certificate at \(server.label)"
        ) {
            try await ping(server, with: link.secret, as: nil)
        }
        if let bystander = run.observations.bystander {
            probes += await attempt(
                .otherCertificate, .call, at: server, "the right secret with an agent's certificate at \(server.label)"
            ) {
                try await ping(server, with: link.secret, as: identity(of: bystander))
            }
        }
        for wrong in WrongSecret.allCases {
            for _ in 1...tries {
                guard let probe = await show(wrong, from: caller, to: server, right: link.secret) else { continue }
                probes.append(probe)
                break
            }
        }
        return probes
    }

    /// The right certificate with another secret: the caller's own server is given a wrong one for a moment.
    ///
    /// The right secret is shown after each wrong one, which also keeps the callee from slowing the caller down.
    private static func show(
        _ wrong: WrongSecret, from caller: ServerProcess, to server: ServerProcess, right: Secret
    ) async -> Evidence.Probe? {
        func save(_ text: String) async throws {
            try await caller.api.call(
                OperatorRoutes.savePeerSecret(server.name),
                sending: PeerSecretText(direction: .outbound, secret: text))
        }
        func probe(_ what: String, _ status: Int, _ code: String?) -> Evidence.Probe {
            .init(kind: .wrongSecret, way: .call, server: server.label, what: what, status: status, code: code)
        }
        let what = "the right certificate with \(wrong.what) at \(server.label)"
        guard let text = wrong.text(insteadOf: right), (try? await caller.ping(server.name))?.ok == true else {
            return nil
        }
        do {
            try await save(text)
        } catch CallFailure.refused(let problem) where problem.code == "federation.secret-not-valid" {
            // It is not in the form of a secret, and never leaves the caller.
            return probe("\(what), which the caller does not take", 401, problem.code)
        } catch {
            return nil
        }
        let ping = try? await caller.ping(server.name)
        guard (try? await save(right.revealText())) != nil, (try? await caller.ping(server.name))?.ok == true, let ping
        else { return nil }
        if ping.ok { return probe(what, 200, nil) }
        return ping.text.contains("401") ? probe(what, 401, ping.text) : nil
    }

    private static func ping(_ server: ServerProcess, with secret: Secret, as leaf: Identity?) async throws -> (
        status: Int, body: [UInt8]
    ) {
        try await asStranger(leaf, at: server) { client in
            try await client.exchange(
                FederationRoutes.ping().target,
                headers: ["Authorization": "Bearer \(secret.revealText())"])
        }
    }
}
