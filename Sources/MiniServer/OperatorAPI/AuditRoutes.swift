import PeerAPI
import PeerCore
import Vocabulary

extension OperatorInterface {
    var auditRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.auditEvents, .readAudit) { try await listAudit($0) },
            OperatorRoute(OperatorRoutes.verifyAudit, .verifyAudit) { try await verifyAudit($0) },
        ]
    }

    private func listAudit(_ call: OperatorCall) async throws -> Page<AuditEvent> {
        let request = call.request
        let agent = request.query(QueryNames.agent)
        let action = request.query(QueryNames.action)
        let before = request.query(QueryNames.cursor).flatMap { Int64($0) }
        let limit = request.pageLimit
        let handover = try request.query(QueryNames.handover).map { text in
            guard let id = HandoverID(text) else {
                throw RequestRefusal.parameter(name: QueryNames.handover, reason: "it is not a handover's identifier")
            }
            return id
        }
        return try await site.database.read { tables in
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
        let now = site.now()
        return try await site.database.write { tables in
            let verdict = try tables.audit.verify()
            let first = try tables.audit.checkpoint().map { $0.sequence + 1 } ?? 1
            try tables.audit.append(
                AuditFact(.auditVerified, entityType: "audit", entityID: "trail", after: verdict.text),
                context: call.audit, at: now)
            return AuditVerdict(verdict, firstSequence: first)
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
            action: fact.action.rawValue, entityType: fact.entityType, entityID: fact.entityID, before: fact.before,
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
        case .intact(let entries, let head): "intact: \(entries) entries, head \(Hex.encode(head).prefix(16))"
        case .missing(let sequence): "entry \(sequence) is missing"
        case .unlinked(let sequence): "entry \(sequence) does not follow the one before it"
        case .altered(let sequence): "entry \(sequence) was altered"
        }
    }
}

extension AuditVerdict {
    fileprivate init(_ verdict: AuditChain.Verdict, firstSequence: Int64) {
        switch verdict {
        case .intact(let entries, let head):
            self.init(
                ok: true, entries: entries, firstSequence: entries == 0 ? nil : firstSequence,
                lastSequence: entries == 0 ? nil : firstSequence + Int64(entries) - 1, headHash: Hex.encode(head),
                text: verdict.text)
        case .missing(let sequence), .unlinked(let sequence), .altered(let sequence):
            self.init(
                ok: false, entries: Int(sequence - firstSequence), firstSequence: firstSequence,
                lastSequence: sequence - 1, headHash: "", brokenAt: sequence, text: verdict.text)
        }
    }
}
