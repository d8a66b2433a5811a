import Certificates
import OpAMPProto
import ServerCore
import Vocabulary

/// A row of the fleet in its columns.
enum AgentColumns {
    /// Indexed ones apart: SQLite writes the index entry of every column that an UPDATE names, changed or not.
    private static let found = ["instanceUID", "leaf", "previousLeaf", "pendingLeaf", "group", "configuration"]
    private static let state = [
        "displayName", "previousLeafUntil", "leafRevoked", "capabilities", "presence", "movedTo", "movedToName",
        "epoch", "lastSeen", "offeredSettings", "copyDetectedAt", "originPeer", "originPeerName", "originAgent",
        "originHandover",
    ]

    static let list = ((["id"] + found + state).map { "a.\"\($0)\"" } + ["l.der", "p.der"]).joined(separator: ", ")
    static let count = found.count + state.count + 3

    static let update =
        "UPDATE agents SET " + state.map { "\($0) = ?" }.joined(separator: ", ") + " WHERE id = ?"

    static let save: String = {
        let columns = (found + state).map { "\"\($0)\"" }
        let changes = columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return """
            INSERT INTO agents (id, \(columns.joined(separator: ", ")))
            VALUES (?\(String(repeating: ", ?", count: columns.count))) ON CONFLICT (id) DO UPDATE SET \(changes)
            """
    }()

    static func byWhichFound(_ agent: AgentRecord) -> [ColumnValue] {
        [
            .text(agent.instanceUID), .text(agent.fingerprint), .text(agent.previousLeaf),
            .text(agent.pendingLeaf?.fingerprint), .text(agent.group), .text(agent.configuration),
        ]
    }

    static func areFoundAlike(_ former: AgentRecord, _ agent: AgentRecord) -> Bool {
        former.instanceUID == agent.instanceUID && former.leaf == agent.leaf
            && former.previousLeaf == agent.previousLeaf && former.pendingLeaf == agent.pendingLeaf
            && former.group == agent.group && former.configuration == agent.configuration
    }

    static func ofState(_ agent: AgentRecord) -> [ColumnValue] {
        var moved: (to: PeerID?, name: String?) = (nil, nil)
        if case .movedToPeer(let peer, let name) = agent.presence { moved = (peer, name) }
        return [
            .text(agent.displayName), .time(agent.previousLeafUntil), .flag(agent.leafRevoked),
            .integer(Int64(bitPattern: agent.capabilities.rawValue)), .text(agent.presence.code), .text(moved.to),
            .text(moved.name), .epoch(agent.epoch), .time(agent.lastSeen), .bytes(agent.offeredSettings),
            .time(agent.copyDetectedAt), .text(agent.origin?.peer), .text(agent.origin?.peerName),
            .text(agent.origin?.row), .text(agent.origin?.handover),
        ]
    }

    static func record(_ row: StoredRow) throws -> AgentRecord {
        AgentRecord(
            id: try row.value(0), displayName: row.text(7), instanceUID: try row.value(1),
            leaf: try row.optionalBytes(22).map { try Certificate(der: $0) },
            pendingLeaf: try row.optionalBytes(23).map { try Certificate(der: $0) },
            previousLeaf: try row.optionalValue(3), previousLeafUntil: row.optionalTime(8), leafRevoked: row.flag(9),
            capabilities: AgentCapabilities(rawValue: UInt64(bitPattern: row.integer(10))),
            group: row.optionalText(5), configuration: row.optionalText(6), presence: try presence(row),
            epoch: row.epoch(14), lastSeen: row.optionalTime(15), offeredSettings: row.optionalBytes(16),
            copyDetectedAt: row.optionalTime(17), origin: try origin(row))
    }

    private static func presence(_ row: StoredRow) throws -> Presence {
        if let peer: PeerID = try row.optionalValue(12) { return .movedToPeer(peer, name: row.text(13)) }
        let known: [Presence] = [.live, .stale, .offline, .arriving, .withdrawn]
        guard let presence = known.first(where: { $0.code == row.text(11) }) else { throw Unreadable() }
        return presence
    }

    private static func origin(_ row: StoredRow) throws -> AgentOrigin? {
        guard let peer: PeerID = try row.optionalValue(18) else { return nil }
        return AgentOrigin(
            peer: peer, peerName: row.text(19), row: try row.value(20), handover: try row.value(21))
    }
}
