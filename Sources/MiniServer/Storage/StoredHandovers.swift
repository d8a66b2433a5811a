import GRDB
import HandoverToken
import PeerCore
import Vocabulary

/// A handover with what the trail needs beside the machine's own state.
struct HandoverRow<Machine: Sendable>: Sendable {
    var machine: Machine
    /// The W3C trace identifier; the same on both sides.
    var traceID: String
    var updatedAt: Timestamp
}

/// An agent leaving, as it is stored.
struct StoredSource: StoredForm {
    var leaf: Fingerprint
    var agent: AgentID
    var isOpen: Bool
    var traceID: String
    var updatedAt: Timestamp
    var machine: SourceHandover

    init(_ row: HandoverRow<SourceHandover>) {
        leaf = row.machine.claims.leaf
        agent = row.machine.agent
        isOpen = row.machine.phase.isOpen
        traceID = row.traceID
        updatedAt = row.updatedAt
        machine = row.machine
    }

    func value() -> HandoverRow<SourceHandover> {
        HandoverRow(machine: machine, traceID: traceID, updatedAt: updatedAt)
    }
}

/// An agent coming, as it is stored.
struct StoredTarget: StoredForm {
    var leaf: Fingerprint
    /// Its row here, from redemption on.
    var agent: AgentID?
    var isOpen: Bool
    var traceID: String
    var updatedAt: Timestamp
    var machine: TargetHandover

    init(_ row: HandoverRow<TargetHandover>) {
        leaf = row.machine.claims.leaf
        agent = row.machine.redemption?.row
        isOpen = row.machine.phase.isOpen
        traceID = row.traceID
        updatedAt = row.updatedAt
        machine = row.machine
    }

    func value() -> HandoverRow<TargetHandover> {
        HandoverRow(machine: machine, traceID: traceID, updatedAt: updatedAt)
    }
}

extension RecordTable {
    func find(_ id: HandoverID) throws -> Record? { try find(id.description) }

    func open() throws -> [Record] { try all("isOpen", []) }

    func concerning(leaf: Fingerprint) throws -> [Record] { try all("leaf = ?", [leaf.description]) }

    func concerning(agent: AgentID) throws -> [Record] { try all("agent = ?", [agent.description]) }
}

extension RecordTable<StoredSource> {
    func save(_ row: Record) throws { try save(row, key: row.machine.id.description) }
}

extension RecordTable<StoredTarget> {
    func save(_ row: Record) throws { try save(row, key: row.machine.id.description) }
}
