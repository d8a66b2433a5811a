public import AgentCore
import Certificates
import DurableFiles
import HandoverToken
import HostSystem
import OpAMPProto
public import Vocabulary

/// What the state directory says, as `opamp-agent status` shows it; no secrets.
public struct AgentStatus: Sendable {
    let configured: Endpoint
    let directory: String
    /// `nil` before the first start.
    let state: AgentState?
    let heldUID: InstanceUID?
    /// SHA-256 over the SubjectPublicKeyInfo.
    let publicKeyDigest: String?
    let presence: Presence?
    let proxy: ProxyInUse?
    let isConfigurationIgnored: Bool
    let isPreviousGeneration: Bool

    /// - Throws: `StateFailure` when there is something and it cannot be read.
    public init(of configuration: HostConfiguration) throws(StateFailure) {
        directory = configuration.stateDirectory
        configured = configuration.server.settings.endpoint
        let connection = StateDirectory.connectionFile(in: directory)
        let loaded: StateFile.Loaded?
        let uid: [UInt8]?
        do throws(FileFailure) {
            loaded = try connection.load()
            uid = try AtomicFile.read(StateDirectory.path(of: .identity, in: directory), limit: 256)
        } catch {
            throw .file(error)
        }
        var found: (state: AgentState, isPreviousGeneration: Bool)?
        if let loaded { found = try StateDirectory.state(in: loaded, of: connection) }
        state = found?.state
        isPreviousGeneration = found?.isPreviousGeneration ?? false
        heldUID = uid.flatMap { InstanceUID(String(decoding: $0.prefix { $0 != 10 }, as: UTF8.self)) }
        var key = configuration.key
        if key == nil { key = try StateDirectory.readKey(in: directory) }
        publicKeyDigest = key.map { Hex.encode(Digest.sha256($0.publicKey.spki)) }
        presence = PresenceFile.read(in: directory).flatMap { $0.isCurrent ? $0 : nil }
        let adopted = state.flatMap { $0.hasAdopted ? $0.active.settings : nil }
        proxy = ProxyInUse(of: adopted ?? configuration.server.settings, on: configuration.proxy)
        isConfigurationIgnored = state.map { $0.hasAdopted && $0.configurationDigest != configuration.digest } ?? false
    }

    public var leaf: LeafChain? { state?.active.settings.leaf }

    public var json: JSON {
        .members([
            "instance_uid": (state?.instanceUID ?? heldUID).map { .string($0.description) },
            "state_directory": .string(directory),
            "public_key_sha256": publicKeyDigest.map(JSON.string),
            "leaf": leaf.map(\.leaf).map(Self.json),
            "configured": .members(["endpoint": .string(configured.description)]),
            "proxy": proxy?.json,
            "active": state.map { Self.json($0.active) },
            "previous": state?.previous.map(Self.json),
            "candidate": state?.candidate.map { candidate in
                .members([
                    "endpoint": .string(candidate.server.settings.endpoint.description),
                    "offer_hash": candidate.hash.reported.map { .string(Hex.encode($0)) },
                    "handover_id": candidate.handover.map { .string($0.id.description) },
                    "attempts": .integer(Int64(candidate.attempts)), "until": .string(candidate.until.description),
                ])
            },
            "standby": state?.standby.map { grant in
                .members([
                    "endpoint": .string(grant.server.settings.endpoint.description),
                    "handover_id": .string(grant.handover.id.description), "until": .string(grant.until.description),
                    "check": presence?.standby.map(Self.json),
                ])
            },
            "probation_until": state?.probation.map { .string($0.until.description) },
            "last_verdict": state?.verdict.map(Self.json),
            "verdicts": state.map { .array($0.verdicts.map(Self.json)) },
            "failed_offers": state.map { .array($0.failedOffers.map(Self.json)) },
            "awaits_host": state?.hostOffer.map { .members(["offer_hash": $0.hash.reported.map(JSON.hash)]) },
            "remote_configuration": state?.remoteConfigStatus.map(Self.json),
            "failed_configurations": state.map { .array($0.failedConfigurations.map(Self.json)) },
            "epoch": state.map { .integer(Int64(clamping: $0.epoch)) },
            "handover_id": state?.handoverID.map { .string($0.description) },
            "is_adopted": state.map { .bool($0.hasAdopted) },
            "is_enrolled": state.map { .bool($0.isEnrolled) },
            "configuration_ignored": .bool(isConfigurationIgnored),
            "recovered_from_previous": .bool(isPreviousGeneration),
            "process": presence.map { .integer(Int64($0.process)) },
            "connection": presence.map(Self.json),
        ])
    }

    private static func json(_ presence: Presence) -> JSON {
        .members([
            "contact": .string(presence.contact.rawValue), "endpoint": .string(presence.endpoint),
            "since": .string(presence.since.description),
            "dropped_messages": .integer(Int64(presence.dropped.messages)),
            "dropped_log_lines": .integer(Int64(presence.dropped.logLines)),
        ])
    }

    private static func json(_ check: StandbyCheck) -> JSON {
        .members([
            "at": .string(check.at.description), "good": .bool(check.cause == nil),
            "cause": check.cause.map { .string($0.code) },
            "detail": check.detail.isEmpty ? nil : .string(check.detail),
            "next_action": check.cause.map { .string($0.nextAction) },
        ])
    }

    private static func json(_ server: ServerSettings) -> JSON {
        .members([
            "endpoint": .string(server.settings.endpoint.description),
            "server_cas": fingerprints(server.settings.trust.anchors.certificates),
            "token_signers": fingerprints(server.tokenSigners?.certificates ?? []),
            "leaf": server.settings.leaf.map { .string($0.leaf.fingerprint.description) },
        ])
    }

    private static func fingerprints(_ certificates: [Certificate]) -> JSON {
        .array(certificates.map { .string($0.fingerprint.description) })
    }

    private static func json(_ leaf: Certificate) -> JSON {
        .members([
            "fingerprint": .string(leaf.fingerprint.description), "subject": .string(leaf.subject),
            "issuer": .string(leaf.issuer), "not_before": .string(leaf.notBefore.description),
            "not_after": .string(leaf.notAfter.description),
        ])
    }

    private static func json(_ status: RemoteConfigStatus) -> JSON {
        .members([
            "hash": .hash(status.lastRemoteConfigHash),
            "status": .string(status.status == .applied ? "APPLIED" : "FAILED"),
            "message": status.errorMessage.isEmpty ? nil : .string(status.errorMessage),
        ])
    }

    private static func json(_ failed: FailedConfiguration) -> JSON {
        .members([
            "server": .string(failed.origin), "hash": .hash(failed.hash), "message": .string(failed.message),
            "is_tried_again": .bool(failed.mayPass), "failures": .integer(Int64(failed.failures)),
            "at": .string(failed.at.description),
        ])
    }

    private static func json(_ failed: FailedOffer) -> JSON {
        .members([
            "server": .string(failed.origin), "verdict": json(failed.verdict),
            "failures": .integer(Int64(failed.failures)), "at": .string(failed.at.description),
        ])
    }

    private static func json(_ verdict: Verdict) -> JSON {
        let hash: JSON? = verdict.hash.reported.map { .string(Hex.encode($0)) }
        return switch verdict.outcome {
        case .applied: .members(["offer_hash": hash, "status": .string("APPLIED")])
        case .failed(let cause, let message):
            .members([
                "offer_hash": hash, "status": .string("FAILED"), "cause": .string(cause.code),
                "message": .string(message), "next_action": verdict.nextAction.map(JSON.string),
            ])
        }
    }
}

extension AgentStatus {
    /// For a person: one fact a line, in the order of the questions that are asked.
    public var text: String {
        let json = self.json
        func row(_ name: String, _ value: String?) -> String? {
            value.map { name + String(repeating: " ", count: max(1, 18 - name.count)) + $0 }
        }
        let verdict = json["last_verdict"].map { verdict in
            [verdict["status"], verdict["message"], verdict["offer_hash"]].compactMap { $0?.string }.joined(
                separator: " ")
        }
        let endpoint = json["active"]?["endpoint"]?.string
        let rows = [
            row("instance_uid", json["instance_uid"]?.string ?? "none yet"),
            row("server", endpoint ?? "none yet; \(configured) is configured"),
            row("proxy", proxy?.text),
            row(
                "connection",
                presence.map { "\($0.contact.rawValue) since \($0.since), process \($0.process)" }
                    ?? "no agent is running"),
            row(
                "certificate",
                leaf.map {
                    "sha256 \($0.leaf.fingerprint), until \($0.leaf.notAfter)"
                        + (state?.unprovenLeaf == nil ? "" : "; no server has accepted it yet")
                } ?? "none; run opamp-agent enroll"),
            row("public key", publicKeyDigest.map { "sha256 \($0)" }),
            row(
                "previous server",
                state?.previous.map {
                    "\($0.settings.endpoint), until \(json["probation_until"]?.string ?? "it settles")"
                }),
            row(
                "candidate",
                state?.candidate.map { "\($0.server.settings.endpoint), attempt \($0.attempts), until \($0.until)" }),
            row(
                "standby",
                state?.standby.map { grant in
                    "\(grant.server.settings.endpoint), until \(grant.until)"
                        + (presence?.standby.map { ", \($0.cause?.code ?? "verified") at \($0.at)" } ?? "")
                }),
            row("last offer", verdict),
            row("next", json["last_verdict"]?["next_action"]?.string),
            row(
                "remote config",
                state?.remoteConfigStatus.map { status in
                    let shown = Self.json(status)
                    return [shown["status"], shown["message"], shown["hash"]].compactMap { $0?.string }
                        .joined(separator: " ")
                }),
            row("handovers", state.map { "epoch \($0.epoch)" + ($0.handoverID.map { ", last \($0)" } ?? "") }),
            row(
                "configuration",
                state.map { $0.hasAdopted && $0.active.settings.endpoint != configured } == true
                    ? "the server of the file, \(configured), was left; `opamp-agent reset` returns to it" : nil),
            row("warning", isPreviousGeneration ? "the newest state is damaged; the one before is in use" : nil),
            row(
                "warning",
                isConfigurationIgnored
                    ? "the connection part of the file has changed and is ignored until `opamp-agent reset`" : nil),
        ]
        return rows.compactMap(\.self).joined(separator: "\n")
    }
}

extension JSON {
    fileprivate static func hash(_ bytes: [UInt8]) -> JSON { .string(Hex.encode(bytes)) }
}
