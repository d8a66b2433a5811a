import Foundation
import GRDB
package import ServerCore
package import Vocabulary

/// Notices that a peer has not yet acknowledged: first in, first out per handover and role.
package struct OutboxTable {
    let database: Database

    /// One notice on its way.
    package struct Message: Sendable {
        package let number: Int64
        package let handover: HandoverID
        package let role: HandoverRole
        package let peer: PeerID
        package let notice: HandoverNotice
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

    /// The oldest message of every handover; the ones behind it wait until it is gone.
    package func due() throws -> [Message] { try database.rows(Self.oldest).map(Self.message) }

    /// The oldest message of this handover.
    package func next(of handover: HandoverID, role: HandoverRole) throws -> Message? {
        try database.row(Self.oldestOfHandover, [.text(handover), .text(role.rawValue)]).map(Self.message)
    }

    package func remove(_ message: Message) throws {
        try database.run(
            Self.delete,
            [.text(message.handover), .text(message.role.rawValue), .integer(Int64(message.notice.sequence))])
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
    // Numbers of messages that are gone are given again, so that a message is named by what it is.
    static let delete = "DELETE FROM outbox WHERE handover = ? AND role = ? AND sequence = ?"
    private static let columns = "number, handover, role, peer, notice"
    static let oldest = """
        SELECT \(columns) FROM outbox
        WHERE number IN (SELECT min(number) FROM outbox GROUP BY handover, role) ORDER BY number
        """
    static let oldestOfHandover = """
        SELECT \(columns) FROM outbox WHERE handover = ? AND role = ? ORDER BY sequence LIMIT 1
        """

    private static func message(_ row: StoredRow) throws -> Message {
        do {
            return Message(
                number: row.integer(0), handover: try row.value(1), role: try row.word(2), peer: try row.value(3),
                notice: try JSONDecoder().decode(HandoverNotice.self, from: Data(row.text(4).utf8)))
        } catch {
            throw StorageFailure.unreadable(table: "outbox", key: String(row.integer(0)))
        }
    }
}
