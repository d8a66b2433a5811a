import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension OperatorInterface {
    var groupRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.groups, .readFleet) { call in
                let cursor = call.request.query(.cursor)
                let limit = call.request.pageLimit
                return try await server.database.read { tables in
                    let groups = try tables.groups.all().map { try tables.shown($0) }
                    return Page(of: groups, after: cursor, limit: limit, key: \.name)
                }
            },
            OperatorRoute(OperatorRoutes.saveGroup, .editGroups) { try await saveGroup($0, $1) },
            OperatorRoute(OperatorRoutes.deleteGroup, .editGroups) { try await deleteGroup($0) },
        ]
    }

    private func saveGroup(_ call: OperatorCall, _ wanted: GroupSettings) async throws -> Group {
        let name = try call.name()
        let now = server.now()
        let (group, members) = try await server.database.write { tables in
            if let configuration = wanted.configuration, try tables.configurations.find(configuration) == nil {
                throw FleetRefusal.configurationMissing(configuration)
            }
            let before = try tables.groups.find(name)
            var record = before ?? GroupRecord(name: name, createdAt: now, configuration: nil)
            record.configuration = record.configuration(after: wanted)
            try tables.groups.save(record, key: name)
            var members = try tables.agents.members(of: name)
            if wanted != GroupSettings() {
                for index in members.indices {
                    members[index].follow(from: before?.configuration, to: record.configuration)
                    try tables.agents.save(members[index])
                }
            }
            try tables.audit.append(
                AuditFact(
                    .groupSaved, entityType: "group", entityID: name, before: before?.configuration,
                    after: record.configuration),
                context: call.audit, at: now)
            return (try tables.shown(record), members)
        }
        if wanted.configuration != nil { await offerConfiguration(to: members) }
        return group
    }

    private func deleteGroup(_ call: OperatorCall) async throws {
        let name = try call.name()
        let now = server.now()
        try await server.database.write { tables in
            guard try tables.agents.members(of: name).isEmpty else { throw FleetRefusal.inUse(name) }
            guard try tables.groups.delete(name) else { throw FleetRefusal.groupMissing(name) }
            try tables.audit.append(
                AuditFact(.groupDeleted, entityType: "group", entityID: name), context: call.audit, at: now)
        }
    }
}

extension StorageTransaction {
    fileprivate func shown(_ group: GroupRecord) throws -> Group {
        Group(
            name: group.name, configuration: group.configuration, agents: try agents.members(of: group.name).count)
    }
}
