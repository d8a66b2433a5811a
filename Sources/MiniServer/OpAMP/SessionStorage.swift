import Certificates
import HandoverToken
import ServerCore
import ServerStorage
import Vocabulary

// What a session's step is decided from, and how it is saved.
extension StorageTransaction {
    struct SessionRecords {
        var row: AgentRecord?
        var rowOfLeaf: AgentRecord?
        var sources: [SourceHandover]
        var targets: [TargetHandover]
    }

    /// - Parameter isFailing: the agent reports a failure, which may be of a handover that has ended.
    func records(of session: SessionProof, isFailing: Bool = false) throws -> SessionRecords {
        let known = try records(ofLeaf: session.certificate.fingerprint)
        // The step changes what the agent reported, which the row that was found by its leaf lacks.
        let row = try agents.find(session.agent)
        let departures =
            isFailing
            ? try sources.latest(agent: session.agent).map(\.machine) : try sources.pending(agent: session.agent)
        let arrivals = try targets.open(agent: session.agent).map(\.machine)
        return SessionRecords(
            row: row, rowOfLeaf: known.row, sources: Self.joined(known.departures, departures),
            targets: Self.joined(known.arrivals, arrivals))
    }

    /// Whether a handover may have to hear of the agent's going.
    func hasOpenHandover(_ agent: AgentID) throws -> Bool {
        try !sources.pending(agent: agent).isEmpty || !targets.open(agent: agent).isEmpty
    }

    private static func joined<Machine: HandoverMachine>(_ some: [Machine], _ more: [Machine]) -> [Machine] {
        some + more.filter { machine in !some.contains { $0.id == machine.id } }
    }

    /// Saves a step as a whole.
    ///
    /// - Parameter before: the row that it was decided from.
    func save(_ step: SessionStep, before: AgentRecord?, by context: AuditContext, at now: Timestamp) throws {
        if let row = step.row, before.map({ !row.isSavedLike($0) }) ?? true { try agents.save(row) }
        for fact in step.audit { try audit.append(fact, context: context, at: now) }
        for change in step.changes {
            switch change {
            case .source(let step): try save(step, by: context, at: now)
            case .target(let step): try save(step, by: context, at: now)
            }
        }
    }
}
