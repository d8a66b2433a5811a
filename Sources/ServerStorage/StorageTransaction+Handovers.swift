import HandoverToken
package import ServerCore
package import Vocabulary

extension StorageTransaction {
    /// The handovers of one side.
    package func handovers<Machine: HandoverMachine>(
        of machine: Machine.Type = Machine.self
    ) -> HandoverTable<Machine> {
        let kept: Any = Machine.role == .source ? memory.sources : memory.targets
        // Another machine than the two is no server's; it has nothing to keep.
        return HandoverTable(database: database, kept: kept as? KeptHandovers<Machine> ?? KeptHandovers())
    }

    /// Saves a step as a whole: state, audit entries, rows and notices hold together or not at all.
    package func save<Machine: HandoverMachine>(
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

    /// Reads and writes the agent's row, and nothing of what it reported.
    package func apply(_ change: RowChange) throws {
        guard var row = change.applied(to: try agents.findWithoutReport(change.agent)) else { return }
        if case .expect = change {
            try agents.forgetConfigurationStatus(of: row.id)
            // They were there when the operator chose them, and may have been deleted before the source's answer.
            if let group = row.group, try groups.find(group) == nil { row.group = nil }
            if let name = row.configuration, try configurations.find(name) == nil { row.configuration = nil }
        }
        try agents.save(row)
    }
}

extension StorageTransaction {
    /// A handover of either side.
    package enum EitherHandover: Sendable {
        case source(HandoverRow<SourceHandover>)
        case target(HandoverRow<TargetHandover>)
    }

    /// One page of all handovers, the youngest first. Only the page is read.
    ///
    /// - Parameters:
    ///   - last: the last one that was seen; absent for the first page. One that is gone ends the list.
    ///   - peer: only those with this other party.
    package func handoverPage(
        after last: HandoverID? = nil, onlyOpen: Bool = false, peer: PeerID? = nil, limit: Int
    ) throws -> [EitherHandover] {
        var start = (issuedAt: Int64.max, id: "")
        if let last {
            let sql = "SELECT issuedAt FROM handovers WHERE role IN ('source', 'target') AND id = ?"
            guard let row = try database.row(sql, [.text(last)]) else { return [] }
            start = (row.integer(0), last.description)
        }
        return try database.rows(
            HandoverQuery.page(onlyOpen: onlyOpen),
            [.integer(start.issuedAt), .text(start.id), .text(peer), .integer(Int64(limit))]
        ).map { row in
            row.text(0) == HandoverRole.source.rawValue
                ? .source(try sources.record(row)) : .target(try targets.record(row))
        }
    }
}

extension HandoverID {
    /// The W3C trace identifier of a handover is the handover's own: 128 random bits, the same on both sides.
    package var traceID: String { description }
}
