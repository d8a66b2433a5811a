import Foundation
import GRDB
package import ServerCore
package import Vocabulary

/// Notices that a peer has not yet acknowledged: first in, first out per handover and role.
package struct OutboxTable {
    let database: Database

    /// One notice on its way.
    package struct Message: Hashable, Sendable {
        package let handover: HandoverID
        package let role: HandoverRole
        package let peer: PeerID
        package let notice: HandoverNotice

        package init(handover: HandoverID, role: HandoverRole, peer: PeerID, notice: HandoverNotice) {
            self.handover = handover
            self.role = role
            self.peer = peer
            self.notice = notice
        }
    }

    package func append(
        _ notice: HandoverNotice, handover: HandoverID, role: HandoverRole, to peer: PeerID
    ) throws {
        let text = String(decoding: try JSONEncoder().encode(notice), as: UTF8.self)
        try database.run(
            Self.insert,
            [
                .text(handover), .text(role.rawValue), .integer(Int64(notice.sequence)), .text(peer), .text(text),
            ])
    }

    /// The oldest first.
    package func all() throws -> [Message] { try database.rows(Self.oldestFirst).map(Self.message) }

    /// Those of one handover, in order.
    package func messages(of handover: HandoverID, role: HandoverRole) throws -> [Message] {
        try database.rows(Self.ofHandover, [.text(handover), .text(role.rawValue)]).map(Self.message)
    }

    /// The peer has this one and those before it.
    package func remove(upTo sequence: Int, of handover: HandoverID, role: HandoverRole) throws {
        try database.run(Self.delete, [.text(handover), .text(role.rawValue), .integer(Int64(sequence))])
    }

    /// How many wait for this peer.
    package func count(to peer: PeerID) throws -> Int {
        try database.row("SELECT count(*) FROM outbox WHERE peer = ?", [.text(peer)]).map { Int($0.integer(0)) } ?? 0
    }

    /// Nobody will take them any more.
    package func removeAll(to peer: PeerID) throws {
        try database.run("DELETE FROM outbox WHERE peer = ?", [.text(peer)])
    }

    package func count() throws -> Int {
        try database.row("SELECT count(*) FROM outbox").map { Int($0.integer(0)) } ?? 0
    }

    static let insert = "INSERT INTO outbox (handover, role, sequence, peer, notice) VALUES (?, ?, ?, ?, ?)"
    static let delete = "DELETE FROM outbox WHERE handover = ? AND role = ? AND sequence <= ?"
    private static let columns = "handover, role, peer, notice"
    static let oldestFirst = "SELECT \(columns) FROM outbox ORDER BY number"
    static let ofHandover = "SELECT \(columns) FROM outbox WHERE handover = ? AND role = ? ORDER BY sequence"

    private static func message(_ row: StoredRow) throws -> Message {
        do {
            return Message(
                handover: try row.value(0), role: try row.word(1), peer: try row.value(2),
                notice: try JSONDecoder().decode(HandoverNotice.self, from: Data(row.text(3).utf8)))
        } catch {
            throw StorageFailure.unreadable(table: "outbox", key: row.text(0))
        }
    }
}
