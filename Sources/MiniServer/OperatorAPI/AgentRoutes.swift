import Hummingbird
import OpAMPProto
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension OperatorInterface {
    var agentRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.agents, .readFleet) { try await listAgents($0) },
            OperatorRoute(OperatorRoutes.agent, .readFleet) { call in
                let id = try call.localAgent()
                return try server.database.look { try view.detail(try $0.agent(id), $0) }
            },
            OperatorRoute(OperatorRoutes.assignAgent, .assignAgents) { try await assign($0, $1) },
            OperatorRoute(OperatorRoutes.revokeLeaf, .revokeLeaves) { try await revokeLeaf($0) },
        ]
    }

    private func listAgents(_ call: OperatorCall) async throws -> Page<AgentSummary> {
        if let peer = call.request.query(.peer) { return try await peerAgents(of: peer, call) }
        return try await view.page(call.request)
    }

    private func assign(_ call: OperatorCall, _ wanted: Assignment) async throws -> AgentSummary {
        let id = try call.localAgent()
        guard wanted.group == nil || wanted.withoutGroup != true else {
            throw RequestRefusal.parameter(name: "withoutGroup", reason: "a group is named as well")
        }
        guard wanted.configuration == nil || wanted.withoutConfiguration != true else {
            throw RequestRefusal.parameter(name: "withoutConfiguration", reason: "a configuration is named as well")
        }
        let now = server.now()
        let (row, summary) = try await server.database.write { tables in
            var row = try tables.agent(id)
            let before = row.assignmentText
            try tables.assign(wanted, to: &row)
            try tables.agents.save(row)
            try tables.audit.append(
                AuditFact(
                    .agentAssigned, entityType: "agent", entityID: id.description, before: before,
                    after: row.assignmentText),
                context: call.audit, at: now)
            return (row, try view.summary(row, tables))
        }
        await offerConfiguration(to: [row])
        return summary
    }

    private func revokeLeaf(_ call: OperatorCall) async throws -> AgentSummary {
        let id = try call.localAgent()
        try await handovers.revokeLeaf(of: id, by: call.audit)
        return try server.database.look { try view.summary(try $0.agent(id), $0) }
    }

    /// Sends agents their configuration; agents that are not connected receive it when they connect.
    func offerConfiguration(to rows: [AgentRecord]) async {
        for row in rows where server.agents.session(of: row.id) != nil {
            guard let wanted = try? server.database.look({ try $0.configurationDue(to: row) }) else { continue }
            _ = await server.agents.send(ServerToAgent(remoteConfig: wanted.offer), to: row.id)
        }
    }
}

extension FleetView {
    /// Answers operators and, with the same parameters, peers.
    func page(_ request: Request) async throws -> Page<AgentSummary> {
        let query = request.query(.query)
        let group = request.query(.group)
        let presence = try request.query(.presence).map { text in
            guard let presence = AgentPresence(rawValue: text) else {
                let all = AgentPresence.allCases.map(\.rawValue).joined(separator: ", ")
                throw RequestRefusal.parameter(name: QueryName.presence.rawValue, reason: "it is one of \(all)")
            }
            return presence
        }
        let after = request.query(.cursor)
        let limit = request.pageLimit
        return try await server.database.read { tables in
            // The presence of a session is not in the database, so a page may need more rows than it shows.
            var (found, position): ([AgentSummary], String?) = ([], after)
            while found.count <= limit {
                let rows = try tables.agents.list(query: query, group: group, after: position, limit: limit + 1)
                found += try rows.filter { presence == nil || AgentPresence(self.presence(of: $0)) == presence }.map {
                    try summary($0, tables)
                }
                guard rows.count > limit, let last = rows.last else { break }
                position = last.id.description
            }
            let shown = Array(found.prefix(limit))
            return Page(items: shown, nextCursor: found.count > limit ? shown.last?.id : nil)
        }
    }
}

extension StorageTransaction {
    /// - Throws: `NotFound.agent`.
    func agent(_ id: AgentID) throws -> AgentRecord {
        guard let row = try agents.find(id) else { throw NotFound.agent(id.description) }
        return row
    }
}

extension AgentRecord {
    fileprivate var assignmentText: String {
        "group \(group ?? "none"), configuration \(configuration ?? "none")"
    }
}
