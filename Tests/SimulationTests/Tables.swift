import HandoverToken
import ServerCore
import Vocabulary

/// All that a server's disk holds about its fleet. Records are found in the order of their keys, as in the database.
struct Tables {
    struct Letter {
        var number: Int
        var handover: HandoverID
        var role: HandoverRole
        var peer: PeerID
        var notice: HandoverNotice
    }

    struct Entry {
        var fact: AuditFact
        var handover: HandoverID?
        var at: Timestamp
    }

    var rows: [AgentRecord] = []
    var sources: [SourceHandover] = []
    var targets: [TargetHandover] = []
    var outbox: [Letter] = []
    var audit: [Entry] = []
    private var letters = 0

    func row(_ id: AgentID) -> AgentRecord? { rows.first { $0.id == id } }
    func row(of leaf: Fingerprint) -> AgentRecord? { rows.first { $0.fingerprint == leaf } }

    mutating func save(_ row: AgentRecord) {
        if let index = rows.firstIndex(where: { $0.id == row.id }) {
            rows[index] = row
        } else {
            let index = rows.firstIndex { $0.id.bytes.lexicographicallyPrecedes(row.id.bytes) == false } ?? rows.count
            rows.insert(row, at: index)
        }
    }

    mutating func edit(_ id: AgentID, _ change: (inout AgentRecord) -> Void) {
        guard let index = rows.firstIndex(where: { $0.id == id }) else { return }
        change(&rows[index])
    }

    mutating func apply(_ change: RowChange) {
        if let row = change.applied(to: row(change.agent)) { save(row) }
    }

    func find<Kind: Machine>(_ id: HandoverID, _: Kind.Type = Kind.self) -> Kind? {
        self[keyPath: Kind.table].first { $0.id == id }
    }

    mutating func save<Kind: Machine>(_ machine: Kind) {
        let place = Kind.table
        if let index = self[keyPath: place].firstIndex(where: { $0.id == machine.id }) {
            self[keyPath: place][index] = machine
        } else {
            let index = self[keyPath: place].firstIndex { machine.id.bytes.lexicographicallyPrecedes($0.id.bytes) }
            self[keyPath: place].insert(machine, at: index ?? self[keyPath: place].count)
        }
    }

    mutating func post(_ notice: HandoverNotice, handover: HandoverID, role: HandoverRole, to peer: PeerID) {
        letters += 1
        outbox.append(Letter(number: letters, handover: handover, role: role, peer: peer, notice: notice))
    }

    /// The oldest letter of every handover and side.
    var dueLetters: [Letter] {
        var due: [Letter] = []
        for letter in outbox where !due.contains(where: { $0.handover == letter.handover && $0.role == letter.role }) {
            due.append(letter)
        }
        return due
    }

    /// As the server finds who an agent with this leaf may be.
    func records(ofLeaf leaf: Fingerprint) -> (
        row: AgentRecord?, arrivals: [TargetHandover], departures: [SourceHandover]
    ) {
        let arrivals = targets.filter { $0.claims.leaf == leaf }
        let byArrival = arrivals.compactMap(\.agentRow).last.flatMap(row)
        return (row(of: leaf) ?? byArrival, arrivals, sources.filter { $0.claims.leaf == leaf })
    }
}

/// A machine and its table.
protocol Machine: HandoverMachine {
    static var table: WritableKeyPath<Tables, [Self]> { get }
}

extension SourceHandover: Machine {
    static var table: WritableKeyPath<Tables, [Self]> { \.sources }
}

extension TargetHandover: Machine {
    static var table: WritableKeyPath<Tables, [Self]> { \.targets }
}

extension HandoverID {
    /// Enough of it for a trace.
    var short: String { String(description.prefix(6)) }
}
