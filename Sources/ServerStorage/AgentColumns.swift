import Certificates
import OpAMPProto
import ServerCore
import Vocabulary

/// A row of the fleet in its columns.
enum AgentColumns {
    /// Indexed ones apart: SQLite writes the index entry of every column that an UPDATE names, changed or not.
    private static let found = ["instanceUID", "leaf", "previousLeaf", "group", "configuration"]
    private static let state = [
        "displayName", "previousLeafUntil", "leafRevoked", "capabilities", "presence", "movedTo", "movedToName",
        "epoch", "lastSeen", "originPeer", "originPeerName", "originAgent", "originHandover",
    ]

    static let list = ((["id"] + found + state).map { "a.\"\($0)\"" } + ["l.der"]).joined(separator: ", ")
    static let count = found.count + state.count + 2

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
            .text(agent.instanceUID), .text(agent.fingerprint), .text(agent.previousLeaf), .text(agent.group),
            .text(agent.configuration),
        ]
    }

    static func areFoundAlike(_ former: AgentRecord, _ agent: AgentRecord) -> Bool {
        former.instanceUID == agent.instanceUID && former.leaf == agent.leaf
            && former.previousLeaf == agent.previousLeaf && former.group == agent.group
            && former.configuration == agent.configuration
    }

    static func ofState(_ agent: AgentRecord) -> [ColumnValue] {
        var moved: (to: PeerID?, name: String?) = (nil, nil)
        if case .movedToPeer(let peer, let name) = agent.presence { moved = (peer, name) }
        return [
            .text(agent.displayName), .time(agent.previousLeafUntil), .flag(agent.leafRevoked),
            .integer(Int64(bitPattern: agent.capabilities.rawValue)), .text(agent.presence.code), .text(moved.to),
            .text(moved.name), .epoch(agent.epoch), .time(agent.lastSeen), .text(agent.origin?.peer),
            .text(agent.origin?.peerName), .text(agent.origin?.row), .text(agent.origin?.handover),
        ]
    }

    static func record(_ row: StoredRow) throws -> AgentRecord {
        AgentRecord(
            id: try row.value(0), displayName: row.text(6), instanceUID: try row.value(1),
            leaf: try row.optionalBytes(19).map { try Certificate(der: $0) },
            previousLeaf: try row.optionalValue(3), previousLeafUntil: row.optionalTime(7), leafRevoked: row.flag(8),
            capabilities: AgentCapabilities(rawValue: UInt64(bitPattern: row.integer(9))),
            group: row.optionalText(4), configuration: row.optionalText(5), presence: try presence(row),
            epoch: row.epoch(13), lastSeen: row.optionalTime(14), origin: try origin(row))
    }

    private static func presence(_ row: StoredRow) throws -> Presence {
        if let peer: PeerID = try row.optionalValue(11) { return .movedToPeer(peer, name: row.text(12)) }
        let known: [Presence] = [.live, .stale, .offline, .arriving, .withdrawn]
        guard let presence = known.first(where: { $0.code == row.text(10) }) else { throw Unreadable() }
        return presence
    }

    private static func origin(_ row: StoredRow) throws -> AgentOrigin? {
        guard let peer: PeerID = try row.optionalValue(15) else { return nil }
        return AgentOrigin(
            peer: peer, peerName: row.text(16), row: try row.value(17), handover: try row.value(18))
    }
}
