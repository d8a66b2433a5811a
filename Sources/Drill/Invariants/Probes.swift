import Certificates
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

/// Attempts at the end of every drill that must all be refused.
@MainActor enum Probes {
    typealias Identity = (chain: String, key: Secret)

    static func all(in run: DrillRun) async -> [Evidence.Probe] {
        var probes: [Evidence.Probe] = []
        for server in run.world.servers where server.isRunning {
            probes += await leaves(at: server, run)
            probes += await federation(at: server, run)
        }
        return probes
    }

    /// Everybody who is no agent of this server tries to be one, over both transports.
    private static func leaves(at server: ServerProcess, _ run: DrillRun) async -> [Evidence.Probe] {
        var probes: [Evidence.Probe] = []
        let known = try? await server.agents().first
        if let known {
            probes += await lookalikes(of: known, at: server, in: run, with: run.observations.tokens[server.label])
        }
        let uid = known?.instanceUID ?? InstanceUID.stranger
        if let bystander = run.observations.bystander, run.observations.bystanderHome != server.label {
            probes += await connect(
                .foreignLeaf, at: server, "an unannounced agent's certificate", as: identity(of: bystander),
                uid: bystander.instanceUID)
        }
        probes += await connect(.noLeaf, at: server, "no certificate", as: nil, uid: uid)
        if let token = try? server.adminToken {
            probes += await connect(
                .operatorToken, at: server, "an operator's token without a certificate", as: nil, uid: uid,
                headers: ["Authorization": "Bearer \(token.revealText())"])
        }
        let peers = (try? await server.api.list(OperatorRoutes.peers())) ?? []
        if let peer = peers.first?.peerID ?? PeerID(bytes: RandomBytes.generate(16)),
            let copy = try? ForeignAuthority("\(peers.first?.name ?? "nobody") CA").impersonate(peer, subject: "peer")
        {
            probes += await connect(
                .copiedPeer, at: server, "a copy of a federation certificate", as: copy, uid: uid)
        }
        return probes
    }

    /// Two who pretend to be an agent of the server: one whose certificate names it, and one with a copy of its leaf over
    /// another key, alike in everything that can be copied.
    ///
    /// - Parameter token: the handover token that a thief would have found; it is shown as the agent shows it.
    static func lookalikes(
        of known: AgentSummary, at server: ServerProcess, in run: DrillRun, with token: Secret?
    ) async -> [Evidence.Probe] {
        guard let row = AgentID(known.id) else { return [] }
        let headers = token.map { ["Handover-Token": $0.revealText()] } ?? [:]
        let suffix = token == nil ? "" : " with the handover token"
        var probes: [Evidence.Probe] = []
        if let identity = try? ForeignAuthority("Lookalike CA").impersonate(row, subject: known.displayName) {
            probes += await connect(
                .lookalikeLeaf, at: server, "a lookalike's certificate\(suffix)", as: identity,
                uid: known.instanceUID, headers: headers)
        }
        let leaves = run.world.agents.flatMap { [try? $0.identity().leaf, $0.identityAtEnrolment?.leaf] }
        if let leaf = leaves.compactMap(\.self).first(where: { $0.fingerprint == known.fingerprint }),
            let identity = try? ForeignAuthority(leaf.issuer.commonName).copy(leaf)
        {
            probes += await connect(
                .copiedLeaf, at: server, "a copy of the leaf over another key\(suffix)", as: identity,
                uid: known.instanceUID, headers: headers)
        }
        return probes
    }

    /// Over HTTP and as a WebSocket.
    private static func connect(
        _ kind: Evidence.Probe.Kind, at server: ServerProcess, _ what: String, as identity: Identity?,
        uid: InstanceUID, headers: [String: String] = [:]
    ) async -> [Evidence.Probe] {
        var probes: [Evidence.Probe] = []
        for way in Evidence.Probe.Way.ofAgents {
            probes += await attempt(kind, way, at: server, "\(what) at \(server.label)") {
                try await asStranger(identity, at: server) { client in
                    try await speak(to: client, way, uid: uid, headers: headers)
                }
            }
        }
        return probes
    }

    static func speak(
        to client: OperatorClient, _ way: Evidence.Probe.Way, uid: InstanceUID, headers: [String: String]
    ) async throws -> (status: Int, body: [UInt8]) {
        let always = ["OpAMP-Instance-UID": "\(uid)"].merging(headers) { $1 }
        guard way == .upgrade else {
            // The least OpAMP message there is: an AgentToServer with nothing but `instance_uid` (field 1, 16 bytes).
            let report = always.merging(["Content-Type": "application/x-protobuf"]) { $1 }
            return try await client.exchange(
                RouteTarget(method: .post, path: PublicPaths.opamp), headers: report, body: [0x0A, 0x10] + uid.bytes)
        }
        let key = Data(RandomBytes.generate(16)).base64EncodedString()
        let upgrade = [
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
        ]
        return try await client.exchange(
            RouteTarget(method: .get, path: PublicPaths.opamp), headers: always.merging(upgrade) { $1 })
    }

    /// Shows that an upgrade admits the rightful agent; without that, a refusal of others proves nothing.
    ///
    /// - Returns: by label, whether the server accepted an agent with its own leaf and key.
    static func admitsOwnAgent(in run: DrillRun) async -> [String: Bool] {
        var admits: [String: Bool] = [:]
        for server in run.world.servers where server.isRunning {
            guard let live = try? await server.agents().filter({ $0.presence == .live }) else { continue }
            for agent in run.world.agents where admits[server.label] == nil {
                guard let own = try? agent.identity(), live.contains(where: { $0.fingerprint == own.leaf.fingerprint })
                else { continue }
                let answer = try? await asStranger(identity(of: own), at: server) { client in
                    try await speak(to: client, .upgrade, uid: own.instanceUID, headers: [:])
                }
                admits[server.label] = answer.map { $0.status == 101 }
            }
        }
        return admits
    }

    static func identity(of agent: AgentIdentity) -> Identity {
        (String(decoding: agent.leafBytes, as: UTF8.self), Secret(agent.keyBytes))
    }

    /// A machine may be too busy to answer the first time.
    static let tries = 3

    /// No answer is no evidence, and neither is one that a busy server gives to everybody.
    static func attempt(
        _ kind: Evidence.Probe.Kind, _ way: Evidence.Probe.Way, at server: ServerProcess, _ what: String,
        _ exchange: () async throws -> (status: Int, body: [UInt8])
    ) async -> [Evidence.Probe] {
        for _ in 1...tries {
            guard let (status, body) = try? await exchange(), status < 500, status != 429 else { continue }
            let code = (try? JSONDecoder().decode(Problem.self, from: Data(body)))?.code
            return [.init(kind: kind, way: way, server: server.label, what: what, status: status, code: code)]
        }
        return []
    }

    static func asStranger<Answer>(
        _ identity: Identity?, at server: ServerProcess, _ use: (OperatorClient) async throws -> Answer
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

extension InstanceUID {
    /// Of an agent that is nowhere.
    fileprivate static let stranger = InstanceUID(version7At: Timestamp.present, random: RandomBytes.generate(10))
}
