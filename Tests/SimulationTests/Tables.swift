import Certificates
import HandoverToken
import ServerCore
import Vocabulary

/// All that a server's disk holds about its fleet. Records are found in the order of their keys, as in the database.
struct Tables {
    struct OutboxMessage {
        var number: Int
        var handover: HandoverID
        var role: HandoverRole
        var peer: PeerID
        var notice: HandoverNotice

        var item: OutboxSchedule.Item {
            OutboxSchedule.Item(
                handover: handover, role: role, peer: peer, sequence: notice.sequence,
                waitsForNext: notice.type.waitsForNext)
        }
    }

    struct Entry {
        var fact: AuditFact
        var handover: HandoverID?
        var at: Timestamp
    }

    var rows: [AgentRecord] = []
    var sources: [SourceHandover] = []
    var targets: [TargetHandover] = []
    var outbox: [OutboxMessage] = []
    var audit: [Entry] = []
    var keys: SigningKeys
    /// Rises with every change of the keys.
    var trustVersion: Int64 = 1
    /// What is recorded of each peer, by its number.
    var peers: [PeerTrust]
    private var messages = 0

    init(of place: Places.Place, peers: [PeerTrust]) {
        keys = SigningKeys([
            SigningKey(certificate: place.authority.certificate, state: .active, since: Places.shared.start)
        ])
        self.peers = peers
    }

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
        messages += 1
        outbox.append(OutboxMessage(number: messages, handover: handover, role: role, peer: peer, notice: notice))
    }

    func messages(of handover: HandoverID, _ role: HandoverRole) -> [OutboxMessage] {
        outbox.filter { $0.handover == handover && $0.role == role }
    }

    /// The peer has this notice and those before it.
    mutating func removeMessages(upTo sequence: Int, of handover: HandoverID, _ role: HandoverRole) {
        outbox.removeAll { $0.handover == handover && $0.role == role && $0.notice.sequence <= sequence }
    }

    /// As the server finds who an agent with this leaf may be.
    func records(ofLeaf leaf: Fingerprint) -> (
        row: AgentRecord?, arrivals: [TargetHandover], departures: [SourceHandover]
    ) {
        let arrivals = targets.filter { $0.claims.leaf == leaf && ($0.isOpen || $0.phase == .settled) }
        let departures = sources.filter { $0.claims.leaf == leaf && ($0.isOpen || $0.phase == .settled) }
        let byArrival = arrivals.filter { $0.agentRow != nil }.max { $0.claims.epoch < $1.claims.epoch }
        let own =
            row(of: leaf) ?? rows.first { $0.pendingLeaf?.fingerprint == leaf }
            ?? rows.first { $0.previousLeaf == leaf }
        return (own ?? byArrival?.agentRow.flatMap(row), arrivals, departures)
    }

    /// As the server finds what a session's message is decided from.
    func records(of session: SessionProof, isFailing: Bool) -> (
        row: AgentRecord?, sources: [SourceHandover], targets: [TargetHandover]
    ) {
        let known = records(ofLeaf: session.certificate.fingerprint)
        let departures = sources.filter { machine in
            machine.agent == session.agent && (isFailing || machine.concernsAgent)
                && !known.departures.contains { $0.id == machine.id }
        }
        let arrivals = targets.filter { machine in
            machine.agentRow == session.agent && machine.isOpen && !known.arrivals.contains { $0.id == machine.id }
        }
        return (known.row, known.departures + departures, known.arrivals + arrivals)
    }
}

/// A machine and its table.
protocol Machine: HandoverMachine where Event: NamedEvent {
    static var coverage: Pair.Machine { get }
    mutating func spoil(by rule: BrokenRule?)
    static var table: WritableKeyPath<Tables, [Self]> { get }
}

extension SourceHandover: Machine {
    static var table: WritableKeyPath<Tables, [Self]> { \.sources }
    static var coverage: Pair.Machine { .source }
}

extension TargetHandover: Machine {
    static var table: WritableKeyPath<Tables, [Self]> { \.targets }
    static var coverage: Pair.Machine { .target }
}

extension HandoverID {
    /// Enough of it for a trace.
    var short: String { String(description.prefix(6)) }
}
