import HandoverToken
import OpAMPProto
import PeerCore
import Vocabulary

extension StorageTransaction {
    /// Saves a step as a whole: state, audit entries, rows and notices hold together or not at all.
    func save<Machine: HandoverMachine>(
        _ step: HandoverStep<Machine>, by context: AuditContext, at now: Timestamp
    ) throws {
        let machine = step.state
        try handovers().save(HandoverRow(machine: machine, updatedAt: now))
        for change in step.rows { try apply(change, of: machine.id, at: now) }
        var traced = context
        traced.traceID = machine.id.traceID
        for fact in step.audit { try audit.append(fact, context: traced, at: now) }
        for notice in step.notices {
            try outbox.append(notice, handover: machine.id, role: Machine.side, to: machine.otherParty)
        }
    }

    private func apply(_ change: RowChange, of handover: HandoverID, at now: Timestamp) throws {
        switch change {
        case .raiseEpoch(let id, let epoch): try edit(id) { $0.epoch = max($0.epoch, epoch) }
        case .markMoved(let id, let peer, let name): try edit(id) { $0.presence = .movedToPeer(peer, name: name) }
        case .restore(let id): try edit(id) { $0.presence = .offline }
        case .activate(let id): try edit(id) { $0.presence = .live }
        case .withdraw(let id): try edit(id) { $0.presence = .withdrawn }
        case .expect(let arrival):
            var row =
                try agents.find(arrival.row)
                ?? AgentRecord(
                    id: arrival.row, displayName: arrival.claims.agent.displayName,
                    instanceUID: arrival.claims.agent.instanceUID, leaf: nil)
            row.capabilities = .init(rawValue: arrival.claims.agent.capabilities)
            row.group = arrival.group
            row.configuration = arrival.configuration
            row.configurationStatus = nil
            row.presence = .arriving
            row.epoch = max(row.epoch, arrival.claims.epoch)
            row.origin = AgentOrigin(
                peer: arrival.claims.issuer, peerName: arrival.claims.source.name, row: arrival.claims.agent.row,
                handover: handover)
            try agents.save(row)
        }
    }

    private func edit(_ id: AgentID, _ change: (inout AgentRecord) -> Void) throws {
        guard var row = try agents.find(id) else { return }
        change(&row)
        try agents.save(row)
    }
}

extension HandoverID {
    /// The W3C trace identifier of a handover is the handover's own: 128 random bits, the same on both sides.
    var traceID: String { description }
}
