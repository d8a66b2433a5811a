import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension OperatorInterface {
    var auditRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.auditEvents, .readAudit) { try await listAudit($0) },
            OperatorRoute(OperatorRoutes.verifyAudit, .verifyAudit) { try await verifyAudit($0) },
            OperatorRoute(OperatorRoutes.pruneAudit, .pruneAudit) { try await pruneAudit($0, $1) },
        ]
    }

    private func listAudit(_ call: OperatorCall) async throws -> Page<AuditEvent> {
        let request = call.request
        let agent = request.query(.agent)
        let action = request.query(.action)
        let before = request.query(.cursor).flatMap { Int64($0) }
        let limit = request.pageLimit
        let handover = try request.query(.handover).map { text in
            guard let id = HandoverID(text) else {
                throw RequestRefusal.parameter(
                    name: QueryName.handover.rawValue, reason: "it is not a handover's identifier")
            }
            return id
        }
        await server.calls.flush()
        return try await server.database.read { tables in
            let names = try agent.map { try tables.names(ofAgent: $0) } ?? []
            let entries = try tables.audit.list(
                agents: names, action: action, handover: handover, before: before, limit: limit + 1)
            let shown = entries.prefix(limit)
            return Page(
                items: shown.map { AuditEvent($0.entry, hash: $0.hash) },
                nextCursor: entries.count > limit ? shown.last.map { String($0.entry.sequence) } : nil)
        }
    }

    private func verifyAudit(_ call: OperatorCall) async throws -> AuditVerdict {
        await server.calls.flush()
        let answer = try await server.database.auditVerdict()
        let now = server.now()
        try await server.database.write { tables in
            _ = try tables.audit.append(
                AuditFact(.auditVerified, entityType: "audit", entityID: "trail", after: answer.text),
                context: call.audit, at: now)
        }
        return answer
    }

    /// Deletes old entries permanently: only a prefix, only if it is intact, and with an entry about it at the end.
    private func pruneAudit(_ call: OperatorCall, _ wanted: AuditPruning) async throws -> AuditPruned {
        let old: (last: Int64, verdict: AuditChain.Verdict)? = try await server.database.read { tables in
            try tables.audit.last(before: wanted.before).map { ($0, try tables.audit.verify(through: $0)) }
        }
        guard let (last, verdict) = old else { return AuditPruned(entries: 0) }
        guard case .intact = verdict else { throw AuditRefusal.broken(verdict.text) }
        let now = server.now()
        return try await server.database.write { tables in
            // Another request may have deleted these entries since they were checked.
            guard let (left, deleted) = try tables.audit.forget(through: last, by: call.token.name) else {
                return AuditPruned(entries: 0)
            }
            try tables.audit.append(
                AuditFact(
                    .auditCheckpointed, entityType: "audit", entityID: "trail",
                    after: "from entry \(left.sequence + 1) on",
                    additional: .members([
                        "sequence": .integer(left.sequence), "hash": .string(Hex.encode(left.hash)),
                        "deleted": .integer(deleted), "deletedEver": .integer(left.count),
                        "before": .string(wanted.before.description),
                    ])),
                context: call.audit, at: now)
            return AuditPruned(entries: deleted, throughSequence: left.sequence)
        }
    }
}

extension ServerDatabase {
    /// Verifies a snapshot, so that a long trail does not delay writers.
    func auditVerdict() async throws -> AuditVerdict {
        try await read { tables in
            AuditVerdict(try tables.audit.verify(), after: try tables.audit.checkpoint())
        }
    }
}

extension StorageTransaction {
    /// Everything by which an agent is known in the trail: its row, its leaves, its row on the server it came from.
    fileprivate func names(ofAgent text: String) throws -> [String] {
        let id = AgentID(text)
        let row = try id.flatMap { try agents.find($0) } ?? Fingerprint(text).flatMap { try agents.find($0) }
        let known = [
            row?.id.description, row?.fingerprint?.description, row?.previousLeaf?.description,
            row?.origin?.row.description,
        ]
        return Array(Set([text] + known.compactMap { $0 }))
    }
}

extension AuditEvent {
    init(_ entry: AuditEntry, hash: [UInt8]) {
        let fact = entry.fact
        self.init(
            sequence: entry.sequence, at: entry.at, actor: entry.context.actor, role: entry.context.role,
            action: OpenWord(fact.action), entityType: fact.entityType, entityID: fact.entityID, before: fact.before,
            after: fact.after, sourceAddress: entry.context.sourceAddress, traceID: entry.context.traceID,
            originPeerID: fact.originPeerID, additional: fact.texts, hash: Hex.encode(hash))
    }
}

extension AuditFact {
    /// The additional members as text.
    var texts: [String: String] {
        let pairs = (additional.members ?? []).map { ($0.name, $0.value.string ?? $0.value.description) }
        return Dictionary(pairs) { first, _ in first }
    }
}

extension AuditChain.Verdict {
    fileprivate var text: String {
        switch self {
        case .intact(let entries, let head): "intact: \(entries) entries, head \(Hex.encode(head))"
        case .missing(let sequence): "entry \(sequence) is missing"
        case .unlinked(let sequence): "entry \(sequence) does not follow the one before it"
        case .altered(let sequence): "entry \(sequence) was altered"
        case .unreadable(let sequence): "entry \(sequence) cannot be read"
        }
    }
}

extension AuditVerdict {
    fileprivate init(_ verdict: AuditChain.Verdict, after checkpoint: AuditChain.Checkpoint?) {
        let first = (checkpoint?.sequence ?? 0) + 1
        let start = checkpoint.map { "; starts at entry \($0.sequence + 1), because \($0.by) deleted those before it" }
        let text = verdict.text + (start ?? "")
        switch verdict {
        case .intact(let entries, let head):
            self.init(
                ok: true, entries: entries, firstSequence: entries == 0 ? nil : first,
                lastSequence: entries == 0 ? nil : first + Int64(entries) - 1, headHash: Hex.encode(head), text: text)
        case .missing(let sequence), .unlinked(let sequence), .altered(let sequence), .unreadable(let sequence):
            self.init(
                ok: false, entries: Int(sequence - first), firstSequence: first, lastSequence: sequence - 1,
                headHash: "", brokenAt: sequence, text: text)
        }
    }
}
