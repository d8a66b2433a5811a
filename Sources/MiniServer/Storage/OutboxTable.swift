import Foundation
import GRDB
import ServerCore
import Vocabulary

/// Notices that a peer has not yet acknowledged: first in, first out per handover and role.
struct OutboxTable {
    let database: Database

    /// One notice on its way.
    struct Message: Sendable {
        let number: Int64
        let handover: HandoverID
        let role: HandoverRole
        let peer: PeerID
        let notice: HandoverNotice
    }

    func append(_ notice: HandoverNotice, handover: HandoverID, role: HandoverRole, to peer: PeerID) throws {
        let text = String(decoding: try JSONEncoder().encode(notice), as: UTF8.self)
        try database.execute(
            sql: "INSERT INTO outbox (handover, role, peer, notice) VALUES (?, ?, ?, ?)",
            arguments: [handover.description, role.rawValue, peer.description, text]
        )
    }

    /// The oldest message of every handover; the ones behind it wait until it is gone.
    func due() throws -> [Message] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM outbox
                WHERE number IN (SELECT min(number) FROM outbox GROUP BY handover, role) ORDER BY number
                """
        ).map(Self.message)
    }

    func remove(_ message: Message) throws {
        try database.execute(sql: "DELETE FROM outbox WHERE number = ?", arguments: [message.number])
    }

    /// How many wait for this peer.
    func count(to peer: PeerID) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT count(*) FROM outbox WHERE peer = ?", arguments: [peer.description]) ?? 0
    }

    /// Nobody will take them any more.
    func removeAll(to peer: PeerID) throws {
        try database.execute(sql: "DELETE FROM outbox WHERE peer = ?", arguments: [peer.description])
    }

    func count() throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM outbox") ?? 0
    }

    private static func message(_ row: Row) throws -> Message {
        let number: Int64 = row["number"]
        guard
            let handover = HandoverID(row["handover"] as String),
            let role = HandoverRole(rawValue: row["role"]),
            let peer = PeerID(row["peer"] as String),
            let notice = try? JSONDecoder().decode(HandoverNotice.self, from: Data((row["notice"] as String).utf8))
        else { throw StorageFailure.unreadable(table: "outbox", key: String(number)) }
        return Message(number: number, handover: handover, role: role, peer: peer, notice: notice)
    }
}
