import Foundation
import GRDB
import HandoverToken
package import ServerCore
package import Vocabulary

package struct HandoverRow<Machine: HandoverMachine>: Sendable {
    package var machine: Machine
    package var updatedAt: Timestamp

    package init(machine: Machine, updatedAt: Timestamp) {
        self.machine = machine
        self.updatedAt = updatedAt
    }
}

/// The handovers of one side. What is asked about them stands in columns; the claims never change and stand in a table
/// of their own; the rest of the machine is a text.
package struct HandoverTable<Machine: HandoverMachine> {
    package typealias Record = HandoverRow<Machine>

    let database: Database
    let kept: KeptHandovers<Machine>

    private var role: ColumnValue { .text(Machine.role.rawValue) }

    package func find(_ id: HandoverID) throws -> Record? {
        try records(HandoverQuery.find, [role, .text(id)]).first
    }

    /// In order of their identifiers.
    package func all() throws -> [Record] { try records(HandoverQuery.all, [role]) }

    package func save(_ row: Record) throws {
        let (machine, claims) = (row.machine, row.machine.claims)
        let known = kept.find(machine.id).flatMap { $0.row.machine.claims == claims ? $0.claims : nil }
        let entry = KeptHandovers<Machine>.Entry(
            stamp: .random(in: .min ... .max), row: row, claims: known ?? claims.text)
        let changing: [ColumnValue] = [
            .text(machine.phaseName), .flag(machine.isOpen), .flag(machine.concernsAgent), .text(machine.agentRow),
            .text(machine.redemptionID), .time(machine.columns.deadline), .time(machine.columns.probationEnds),
            .time(machine.columns.returnsFrom), .bytes(machine.columns.offerHash), .time(row.updatedAt),
            .integer(entry.stamp), .text(try MachineText.write(machine)),
        ]
        try database.run(HandoverQuery.update, changing + [role, .text(machine.id)])
        if database.changesCount == 0 {
            try save(claims: entry.claims, of: machine.id)
            let lasting: [ColumnValue] = [
                role, .text(machine.id), .text(claims.leaf), .epoch(claims.epoch), .text(machine.otherParty),
                .time(claims.issuedAt),
            ]
            try database.run(HandoverQuery.insert, lasting + changing)
        }
        kept.keep(entry)
    }

    private func save(claims: String, of id: HandoverID) throws {
        try database.run("INSERT OR IGNORE INTO claims (id, text) VALUES (?, ?)", [.text(id), .text(claims)])
        guard try database.row("SELECT text FROM claims WHERE id = ?", [.text(id)])?.text(0) == claims else {
            throw StorageFailure.refused(operation: "writing", reason: "the handover \(id) has other claims here")
        }
    }

    /// How many stand where, without reading any of them.
    package func phases() throws -> [(phase: String, count: Int)] {
        try database.rows(HandoverQuery.phases, [role]).map { ($0.text(0), Int($0.integer(1))) }
    }

    package func open() throws -> [Record] { try records(HandoverQuery.open, [role]) }

    package func concerning(leaf: Fingerprint) throws -> [Record] {
        try records(HandoverQuery.ofLeaf, [role, .text(leaf)])
    }

    /// Those that say where the agent belongs, the highest epoch first. An agent may have gone through any number of
    /// handovers; only the last ones have a say, and the limit is far above what can be open at once.
    package func binding(leaf: Fingerprint) throws -> [Record] {
        try records(HandoverQuery.binding, [role, .text(leaf)])
    }

    package func open(agent: AgentID) throws -> [Record] {
        try records(HandoverQuery.openOfAgent, [role, .text(agent)])
    }

    /// The agent's last handovers, the highest epoch first: for questions about something that is still on its way, which
    /// an agent asks with each message and which must not cost more with each handover that lies behind it.
    package func latest(agent: AgentID) throws -> [Record] {
        try records(HandoverQuery.latestOfAgent, [role, .text(agent)])
    }

    package func concerning(agent: AgentID) throws -> [Record] {
        try records(HandoverQuery.ofAgent, [role, .text(agent)])
    }

    func records(_ sql: String, _ values: [ColumnValue]) throws -> [Record] {
        try database.rows(sql, values).map(record)
    }

    /// Column 1 is the identifier, 2 the stamp; the texts are fetched when the row is not kept as it stands.
    func record(_ row: StoredRow) throws -> Record {
        let key = row.text(1)
        guard let id = HandoverID(key) else { throw StorageFailure.unreadable(table: "handovers", key: key) }
        let (stamp, known) = (row.integer(2), kept.find(id))
        if let known, known.stamp == stamp { return known.row }
        do {
            guard let stored = try database.row(HandoverQuery.texts, [role, .text(id)]) else { throw Unreadable() }
            let text = stored.text(0)
            let claims =
                try known.flatMap { $0.claims == text ? $0.row.machine.claims : nil } ?? HandoverClaims(text: text)
            let machine: Machine = try MachineText.read(stored.text(1), claims: claims)
            let record = Record(machine: machine, updatedAt: stored.time(2))
            kept.keep(.init(stamp: stamp, row: record, claims: text))
            return record
        } catch let error as DatabaseError {
            throw error
        } catch {
            throw StorageFailure.unreadable(table: "handovers", key: key)
        }
    }
}

extension HandoverTable<SourceHandover> {
    /// Those that what the agent does here still matters to: the open ones, and cancelled ones that it may have gone by.
    package func pending(agent: AgentID) throws -> [SourceHandover] {
        try records(HandoverQuery.pending, [role, .text(agent)]).map(\.machine)
    }
}

/// What of a machine is found or shown without reading its text.
struct HandoverColumns {
    var deadline: Timestamp?
    var probationEnds: Timestamp?
    var returnsFrom: Timestamp?
    var offerHash: [UInt8]?
}

extension HandoverMachine {
    fileprivate var columns: HandoverColumns {
        switch self {
        case let source as SourceHandover:
            HandoverColumns(returnsFrom: source.returnsFrom, offerHash: source.offer?.hash)
        case let target as TargetHandover:
            HandoverColumns(
                deadline: target.deadline, probationEnds: target.probationEnds, offerHash: target.offerHash)
        default: HandoverColumns()
        }
    }

    fileprivate var concernsAgent: Bool { (self as? SourceHandover)?.concernsAgent ?? isOpen }
}

/// A machine without its claims, as the text of its JSON.
private enum MachineText {
    static func write(_ machine: some HandoverMachine) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.userInfo[.handoverClaims] = machine.claims
        return String(decoding: try encoder.encode(machine), as: UTF8.self)
    }

    static func read<Machine: HandoverMachine>(_ text: String, claims: HandoverClaims) throws -> Machine {
        let decoder = JSONDecoder()
        decoder.userInfo[.handoverClaims] = claims
        return try decoder.decode(Machine.self, from: Data(text.utf8))
    }
}
