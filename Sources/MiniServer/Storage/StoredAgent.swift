import Certificates
import Foundation
import GRDB
import OpAMPProto
import ServerCore
import Vocabulary

/// A row of the fleet as it is stored. What the agent reported is kept in OpAMP's own encoding.
struct StoredAgent: StoredForm {
    var id: AgentID
    var fingerprint: Fingerprint?
    var previousFingerprint: Fingerprint?
    var previousLeafUntil: Timestamp?
    var leafPEM: String?
    var pendingFingerprint: Fingerprint?
    var pendingLeaf: String?
    var offeredSettings: String?
    var copyDetectedAt: Timestamp?
    var leafRevoked: Bool
    var displayName: String
    var instanceUID: InstanceUID
    var report: Data
    var group: String?
    var configuration: String?
    var presence: String
    var movedTo: PeerID?
    var movedToName: String?
    var epoch: Epoch
    var lastSeen: Timestamp?
    var origin: Origin?

    struct Origin: Codable {
        var peer: PeerID
        var peerName: String
        var row: AgentID
        var handover: HandoverID
    }

    init(_ agent: AgentRecord) throws {
        id = agent.id
        fingerprint = agent.fingerprint
        previousFingerprint = agent.previousLeaf
        previousLeafUntil = agent.previousLeafUntil
        leafPEM = agent.leaf?.pem
        pendingFingerprint = agent.pendingLeaf?.fingerprint
        pendingLeaf = agent.pendingLeaf?.pem
        offeredSettings = agent.offeredSettings.map(Hex.encode)
        copyDetectedAt = agent.copyDetectedAt
        leafRevoked = agent.leafRevoked
        displayName = agent.displayName
        instanceUID = agent.instanceUID
        let reported = AgentToServer(
            agentDescription: agent.description, capabilities: agent.capabilities, health: agent.health,
            remoteConfigStatus: agent.configurationStatus)
        report = Data(try reported.encoded())
        group = agent.group
        configuration = agent.configuration
        presence = agent.presence.code
        if case .movedToPeer(let peer, let name) = agent.presence { (movedTo, movedToName) = (peer, name) }
        epoch = agent.epoch
        lastSeen = agent.lastSeen
        origin = agent.origin.map {
            Origin(peer: $0.peer, peerName: $0.peerName, row: $0.row, handover: $0.handover)
        }
    }

    func value() throws -> AgentRecord {
        let reported = try AgentToServer(decoding: Array(report))
        return AgentRecord(
            id: id, displayName: displayName, instanceUID: instanceUID,
            leaf: try leafPEM.map { try Certificate(pem: $0) },
            pendingLeaf: try pendingLeaf.map { try Certificate(pem: $0) }, previousLeaf: previousFingerprint,
            previousLeafUntil: previousLeafUntil, leafRevoked: leafRevoked, description: reported.agentDescription,
            capabilities: reported.capabilities, group: group, configuration: configuration,
            configurationStatus: reported.remoteConfigStatus,
            presence: try storedPresence(), epoch: epoch, health: reported.health, lastSeen: lastSeen,
            offeredSettings: offeredSettings.flatMap { Hex.decode($0) }, copyDetectedAt: copyDetectedAt,
            origin: origin.map {
                AgentOrigin(peer: $0.peer, peerName: $0.peerName, row: $0.row, handover: $0.handover)
            })
    }

    private func storedPresence() throws -> Presence {
        if let movedTo { return .movedToPeer(movedTo, name: movedToName ?? movedTo.description) }
        let known: [Presence] = [.live, .stale, .offline, .arriving, .withdrawn]
        guard let found = known.first(where: { $0.code == presence }) else {
            throw StorageFailure.unreadable(table: "agents", key: id.description)
        }
        return found
    }
}

extension RecordTable<StoredAgent> {
    func find(_ id: AgentID) throws -> AgentRecord? { try find(id.description) }

    /// The row with this leaf, or one that is to get it, or had it before a renewal.
    func find(_ leaf: Fingerprint) throws -> AgentRecord? {
        try first("fingerprint = ?", [leaf.description])
            ?? first("json_extract(record, '$.pendingFingerprint') = ?", [leaf.description])
            ?? first("previousFingerprint = ?", [leaf.description])
    }

    func agents(withInstanceUID uid: InstanceUID) throws -> [AgentRecord] {
        try all("instanceUID = ?", [uid.description])
    }

    /// - Parameters:
    ///   - query: text to look for in name, uid, fingerprint and identifier.
    ///   - after: the key of the last row already seen.
    func list(query: String?, group: String?, after: String?, limit: Int) throws -> [AgentRecord] {
        let pattern = query.map { "%\($0.replacing("%", with: "").replacing("_", with: "\\_"))%" } ?? "%"
        return try all(
            """
            key > ? AND (? IS NULL OR "group" = ?) AND (
                json_extract(record, '$.displayName') LIKE ? ESCAPE '\\' OR instanceUID LIKE ? ESCAPE '\\'
                OR fingerprint LIKE ? ESCAPE '\\' OR key LIKE ? ESCAPE '\\')
            """,
            [after ?? "", group, group, pattern, pattern, pattern, pattern], limit: limit)
    }

    func members(of group: String) throws -> [AgentRecord] { try all("\"group\" = ?", [group]) }

    func assigned(configuration: String) throws -> [AgentRecord] {
        try all("json_extract(record, '$.configuration') = ?", [configuration])
    }

    func save(_ agent: AgentRecord) throws { try save(agent, key: agent.id.description) }
}
