import Certificates
import HandoverToken
import OpAMPProto
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

/// Agents, as operators and peers see them.
struct FleetView: Sendable {
    let server: ServerContext
    let fleet: FleetService

    /// The row's presence, corrected by what only the connection shows.
    func presence(of row: AgentRecord) -> Presence {
        guard let session = server.agents.session(of: row.id) else {
            return row.shownPresence(in: nil, at: server.now())
        }
        let memory = fleet.memory(of: row.id) ?? SessionMemory(at: session.openedAt)
        return row.shownPresence(in: (memory, session.transport), at: server.now())
    }

    func summary(_ row: AgentRecord, _ tables: StorageTransaction) throws -> AgentSummary {
        let presence = presence(of: row)
        var movedTo: String?
        if case .movedToPeer(let peer, let name) = presence { movedTo = try tables.peers.find(peer)?.name ?? name }
        return AgentSummary(
            id: row.id.description, displayName: row.displayName, instanceUID: row.instanceUID,
            fingerprint: try leaf(of: row, tables), presence: OpenWord(AgentPresence(presence)), movedTo: movedTo,
            healthy: row.health?.healthy, group: row.group, configuration: row.configuration, epoch: row.epoch,
            lastSeen: [row.lastSeen, fleet.lastHeard(row.id)].compactMap { $0 }.max())
    }

    /// Its leaf, or the leaf with which it is expected.
    private func leaf(of row: AgentRecord, _ tables: StorageTransaction) throws -> Fingerprint {
        if let fingerprint = row.fingerprint { return fingerprint }
        guard let expected = try tables.targets.latest(agent: row.id).first?.machine else {
            throw StorageFailure.unreadable(table: "agents", key: row.id.description)
        }
        return expected.claims.leaf
    }

    func detail(_ row: AgentRecord, _ tables: StorageTransaction) throws -> AgentDetail {
        let fingerprint = try leaf(of: row, tables)
        let tooLarge = fleet.memory(of: row.id)?.tooLarge.names ?? []
        return AgentDetail(
            summary: try summary(row, tables), attributes: row.description.map(Self.attributes) ?? [],
            capabilities: row.capabilities.names, health: row.health.map(Health.init),
            leaf: LeafFacts(
                fingerprint: fingerprint, subject: row.leaf?.subject ?? "", issuer: row.leaf?.issuer ?? "",
                serialNumber: row.leaf?.serialNumber ?? "",
                notBefore: row.leaf?.notBefore ?? Timestamp(seconds: 0),
                notAfter: row.leaf?.notAfter ?? Timestamp(seconds: 0), revoked: row.leafRevoked,
                previous: row.previousLeaf),
            configurationStatus: row.configurationStatus.map(ConfigurationStatus.init),
            origin: try row.origin.map { origin in
                Origin(
                    peer: try tables.peers.find(origin.peer)?.name ?? origin.peerName, peerID: origin.peer,
                    agent: origin.row, handover: origin.handover)
            },
            copyDetectedAt: row.copyDetectedAt, tooLarge: tooLarge.isEmpty ? nil : tooLarge,
            handovers: try HandoverView(tables: tables).summaries(of: .agent(row.id, leaf: fingerprint)))
    }

    private static func attributes(_ description: AgentDescription) -> [Attribute] {
        description.identifyingAttributes.map { Attribute($0, identifying: true) }
            + description.nonIdentifyingAttributes.map { Attribute($0, identifying: false) }
    }
}

extension Attribute {
    fileprivate init(_ pair: KeyValue, identifying: Bool) {
        self.init(key: pair.key, value: pair.value.map(Self.text) ?? "", identifying: identifying)
    }

    private static func text(_ value: AnyValue) -> String {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        case .double(let number): "\(number)"
        case .bytes(let bytes): Hex.encode(bytes)
        case .array(let values): "[" + values.map(text).joined(separator: ", ") + "]"
        case .keyValueList(let pairs):
            "{" + pairs.map { "\($0.key): \($0.value.map(text) ?? "")" }.joined(separator: ", ") + "}"
        case .absent: ""
        }
    }
}

extension Health {
    fileprivate init(_ health: ComponentHealth) {
        let nanoseconds = health.statusTimeUnixNano
        self.init(
            healthy: health.healthy, status: health.status, lastError: health.lastError,
            since: nanoseconds == 0 ? nil : Timestamp(milliseconds: Int64(clamping: nanoseconds / 1_000_000)))
    }
}

extension ConfigurationStatus {
    fileprivate init(_ status: RemoteConfigStatus) {
        let word =
            switch status.status {
            case .unset: "unset"
            case .applied: "applied"
            case .applying: "applying"
            case .failed: "failed"
            case .unrecognized(let number): "unknown (\(number))"
            }
        self.init(status: word, hash: Hex.encode(status.lastRemoteConfigHash), errorMessage: status.errorMessage)
    }
}

extension AgentCapabilities {
    /// As the specification spells them; a bit without a name as its number.
    var names: [String] {
        (0..<64).map { UInt64(1) << $0 }.filter { rawValue & $0 != 0 }.map { bit in
            Self.known.first { $0.0.rawValue == bit }?.1 ?? "0x" + String(bit, radix: 16)
        }
    }

    private static let known: [(AgentCapabilities, String)] = [
        (.reportsStatus, "ReportsStatus"), (.acceptsRemoteConfig, "AcceptsRemoteConfig"),
        (.reportsEffectiveConfig, "ReportsEffectiveConfig"), (.acceptsPackages, "AcceptsPackages"),
        (.reportsPackageStatuses, "ReportsPackageStatuses"), (.reportsOwnTraces, "ReportsOwnTraces"),
        (.reportsOwnMetrics, "ReportsOwnMetrics"), (.reportsOwnLogs, "ReportsOwnLogs"),
        (.acceptsOpAMPConnectionSettings, "AcceptsOpAMPConnectionSettings"),
        (.acceptsOtherConnectionSettings, "AcceptsOtherConnectionSettings"),
        (.acceptsRestartCommand, "AcceptsRestartCommand"), (.reportsHealth, "ReportsHealth"),
        (.reportsRemoteConfig, "ReportsRemoteConfig"), (.reportsHeartbeat, "ReportsHeartbeat"),
        (.reportsAvailableComponents, "ReportsAvailableComponents"),
        (.reportsConnectionSettingsStatus, "ReportsConnectionSettingsStatus"),
    ]
}
