import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

/// Handovers of both sides, as operators see them.
struct HandoverView {
    let tables: StorageTransaction

    /// The agent whose handovers are listed.
    enum Scope {
        case everybody
        /// Of the row, of the leaf, or of both.
        case agent(AgentID?, leaf: Fingerprint?)
    }

    /// The newest first.
    func summaries(of scope: Scope, onlyOpen: Bool = false) throws -> [HandoverSummary] {
        let names = Dictionary(try tables.peers.all().map { ($0.id, $0.name) }) { first, _ in first }
        let sources = try rows(SourceHandover.self, scope, onlyOpen).map { summary($0, names) }
        let targets = try rows(TargetHandover.self, scope, onlyOpen).map { summary($0, names) }
        return (sources + targets).sorted {
            ($0.issuedAt, $0.id.description) > ($1.issuedAt, $1.id.description)
        }
    }

    /// One page of all handovers, the newest first; only this page is read.
    func page(after cursor: String?, onlyOpen: Bool, peer: PeerID?, limit: Int) throws -> Page<HandoverSummary> {
        let last = cursor.map { HandoverID($0) }
        if case .some(.none) = last { return Page(items: []) }
        let found = try tables.handoverPage(
            after: last ?? nil, onlyOpen: onlyOpen, peer: peer, limit: limit + 1
        ).map { handover in
            switch handover {
            case .source(let row): try summary(row)
            case .target(let row): try summary(row)
            }
        }
        let shown = Array(found.prefix(limit))
        return Page(items: shown, nextCursor: found.count > limit ? shown.last?.id.description : nil)
    }

    private func rows<Machine: HandoverMachine>(
        _ type: Machine.Type, _ scope: Scope, _ onlyOpen: Bool
    ) throws -> [HandoverRow<Machine>] {
        let table = tables.handovers(of: type)
        switch scope {
        case .everybody: return try onlyOpen ? table.open() : table.all()
        case .agent(let row, let leaf):
            let byRow = try row.map { try table.concerning(agent: $0) } ?? []
            let byLeaf = try leaf.map { try table.concerning(leaf: $0) } ?? []
            let known = Set(byRow.map(\.machine.id))
            return (byRow + byLeaf.filter { !known.contains($0.machine.id) }).filter {
                !onlyOpen || $0.machine.isOpen
            }
        }
    }

    func summary(_ row: HandoverRow<some HandoverMachine>) throws -> HandoverSummary {
        let peer = row.machine.otherParty
        return summary(row, try tables.peers.find(peer).map { [peer: $0.name] } ?? [:])
    }

    private func summary<Machine: HandoverMachine>(
        _ row: HandoverRow<Machine>, _ names: [PeerID: String]
    ) -> HandoverSummary {
        let (machine, claims) = (row.machine, row.machine.claims)
        let told = Machine.role == .source ? claims.target.name : claims.source.name
        return HandoverSummary(
            id: machine.id, role: OpenWord(Machine.role), phase: OpenWord(text: machine.phaseName),
            peer: names[machine.otherParty] ?? told, peerID: machine.otherParty, agent: machine.agentRow,
            displayName: claims.agent.displayName, fingerprint: claims.leaf, epoch: claims.epoch,
            issuedAt: claims.issuedAt, expiresAt: claims.expiresAt, updatedAt: row.updatedAt,
            traceID: machine.id.traceID)
    }

    /// - Throws: `HandoverRefusal.unknownHandover`.
    func detail(_ id: HandoverID) throws -> HandoverDetail {
        if let row = try tables.sources.find(id) {
            return try detail(
                row, group: row.machine.claims.agent.group, configuration: row.machine.claims.agent.configuration,
                ending: row.machine.ending)
        }
        guard let row = try tables.targets.find(id) else { throw HandoverRefusal.unknownHandover(id) }
        var detail = try detail(
            row, group: row.machine.redemption?.group, configuration: row.machine.redemption?.configuration,
            ending: row.machine.ending)
        detail.deadline = row.machine.deadline
        detail.probationEnds = row.machine.probationEnds
        return detail
    }

    private func detail(
        _ row: HandoverRow<some HandoverMachine>, group: String?, configuration: String?, ending: String?
    ) throws -> HandoverDetail {
        let claims = row.machine.claims
        let trail = try tables.audit.list(handover: claims.id, limit: PageLimit.largest)
        return HandoverDetail(
            summary: try summary(row), originAgent: claims.agent.row, instanceUID: claims.agent.instanceUID,
            endpoint: claims.target.endpoint.description, group: group, configuration: configuration, ending: ending,
            events: trail.reversed().map { HandoverMoment($0.entry) })
    }
}

extension HandoverMoment {
    fileprivate init(_ entry: AuditEntry) {
        let told = ["handover", "fingerprint", "originAgent", "epoch", "from", "to"]
        let facts = entry.fact.texts.filter { !told.contains($0.key) }.sorted { $0.key < $1.key }
        let text = (["by \(entry.context.actor)"] + facts.map { "\($0.key) \($0.value)" }).joined(separator: ", ")
        self.init(
            at: entry.at, action: OpenWord(entry.fact.action),
            phase: entry.fact.after.map { OpenWord(text: $0) }, text: text)
    }
}
