import GRDB
import HandoverToken
import ServerCore
import Vocabulary

/// A handover as it is stored: the machine's own state, and the columns by which it is found.
struct StoredHandover<Machine: HandoverMachine>: StoredForm {
    var leaf: Fingerprint
    /// Its row here; on a target from redemption on.
    var agent: AgentID?
    var isOpen: Bool
    var updatedAt: Timestamp
    var machine: Machine

    init(_ row: HandoverRow<Machine>) {
        leaf = row.machine.claims.leaf
        agent = row.machine.agentRow
        isOpen = row.machine.isOpen
        updatedAt = row.updatedAt
        machine = row.machine
    }

    func value() -> HandoverRow<Machine> { HandoverRow(machine: machine, updatedAt: updatedAt) }
}

struct HandoverRow<Machine: HandoverMachine>: Sendable {
    var machine: Machine
    var updatedAt: Timestamp
}

extension RecordTable {
    func find<Machine>(_ id: HandoverID) throws -> Record? where Form == StoredHandover<Machine> {
        try find(id.description)
    }

    func save<Machine>(_ row: Record) throws where Form == StoredHandover<Machine> {
        try save(row, key: row.machine.id.description)
    }

    /// How many stand where, without reading any of them.
    func phases<Machine>() throws -> [(phase: String, count: Int)] where Form == StoredHandover<Machine> {
        try Row.fetchAll(database, sql: "SELECT phase, count(*) AS count FROM \"\(name)\" GROUP BY phase").map {
            ($0["phase"], $0["count"])
        }
    }

    func open<Machine>() throws -> [Record] where Form == StoredHandover<Machine> { try all("isOpen", []) }

    func concerning<Machine>(leaf: Fingerprint) throws -> [Record] where Form == StoredHandover<Machine> {
        try all("leaf = ?", [leaf.description])
    }

    /// Those that say where the agent belongs, the highest epoch first. An agent may have gone through any number of
    /// handovers; only the last ones have a say, and the limit is far above what can be open at once.
    func binding<Machine>(leaf: Fingerprint) throws -> [Record] where Form == StoredHandover<Machine> {
        try all("leaf = ? AND (isOpen OR phase = 'settled')", [leaf.description], by: "epoch DESC", limit: 8)
    }

    func open<Machine>(agent: AgentID) throws -> [Record] where Form == StoredHandover<Machine> {
        try all("agent = ? AND isOpen", [agent.description])
    }

    func concerning<Machine>(agent: AgentID) throws -> [Record] where Form == StoredHandover<Machine> {
        try all("agent = ?", [agent.description])
    }
}

extension RecordTable<StoredHandover<SourceHandover>> {
    /// Those that what the agent does here still matters to: the open ones, and cancelled ones that it may have gone by.
    func pending(agent: AgentID) throws -> [SourceHandover] {
        try all("agent = ? AND (isOpen OR json_extract(record, '$.machine.mayStillArrive'))", [agent.description])
            .map(\.machine).filter(\.concernsAgent)
    }
}
