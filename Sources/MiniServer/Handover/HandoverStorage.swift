import HandoverToken
import ServerCore
import Vocabulary

extension StorageTransaction {
    /// Saves a step as a whole: state, audit entries, rows and notices hold together or not at all.
    func save<Machine: HandoverMachine>(
        _ step: HandoverStep<Machine>, by context: AuditContext, at now: Timestamp
    ) throws {
        let machine = step.state
        try handovers().save(HandoverRow(machine: machine, updatedAt: now))
        for change in step.rows { try apply(change) }
        var traced = context
        traced.traceID = machine.id.traceID
        for fact in step.audit { try audit.append(fact, context: traced, at: now) }
        for notice in step.notices {
            try outbox.append(notice, handover: machine.id, role: Machine.role, to: machine.otherParty)
        }
    }

    func apply(_ change: RowChange) throws {
        guard let row = change.applied(to: try agents.find(change.agent)) else { return }
        try agents.save(row)
    }
}

extension HandoverID {
    /// The W3C trace identifier of a handover is the handover's own: 128 random bits, the same on both sides.
    var traceID: String { description }
}
