import Certificates
import Foundation
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension OperatorInterface {
    var configurationRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.configurations, .readFleet) { call in
                let cursor = call.request.query(.cursor)
                let limit = call.request.pageLimit
                let records = try server.database.look { try $0.configurations.all() }
                let shown = records.map { ServerAPI.Configuration($0, withBody: false) }
                return Page(of: shown, after: cursor, limit: limit, key: \.name)
            },
            OperatorRoute(OperatorRoutes.configuration, .readFleet) { call in
                let name = try call.name()
                guard let record = try server.database.look({ try $0.configurations.find(name) }) else {
                    throw FleetRefusal.configurationMissing(name)
                }
                return ServerAPI.Configuration(record, withBody: true)
            },
            OperatorRoute(OperatorRoutes.saveConfiguration, .editConfigurations) {
                try await saveConfiguration($0, $1)
            },
            OperatorRoute(OperatorRoutes.deleteConfiguration, .editConfigurations) {
                try await deleteConfiguration($0)
            },
        ]
    }

    private func saveConfiguration(_ call: OperatorCall, _ wanted: ConfigurationText) async throws
        -> ServerAPI.Configuration
    {
        let name = try call.name()
        let now = server.now()
        let record = ConfigurationRecord(
            name: name, contentType: wanted.contentType, body: Data(wanted.body.utf8),
            hash: Data(Digest.sha256(Array(wanted.contentType.utf8) + [0] + Array(wanted.body.utf8))), updatedAt: now)
        let assigned = try await server.database.write { tables in
            let before = try tables.configurations.find(name)
            try tables.configurations.save(record, key: name)
            try tables.audit.append(
                AuditFact(
                    .configurationSaved, entityType: "configuration", entityID: name,
                    before: before.map { Hex.encode($0.hash) }, after: Hex.encode(record.hash)),
                context: call.audit, at: now)
            return try tables.agents.assigned(configuration: name)
        }
        await offerConfiguration(to: assigned)
        return ServerAPI.Configuration(record, withBody: true)
    }

    private func deleteConfiguration(_ call: OperatorCall) async throws {
        let name = try call.name()
        let now = server.now()
        try await server.database.write { tables in
            let isGroups = try tables.groups.all().contains { $0.configuration == name }
            guard try !isGroups && tables.agents.assigned(configuration: name).isEmpty else {
                throw FleetRefusal.inUse(name)
            }
            guard try tables.configurations.delete(name) else { throw FleetRefusal.configurationMissing(name) }
            try tables.audit.append(
                AuditFact(.configurationDeleted, entityType: "configuration", entityID: name), context: call.audit,
                at: now)
        }
    }
}

extension ServerAPI.Configuration {
    fileprivate init(_ record: ConfigurationRecord, withBody: Bool) {
        self.init(
            name: record.name, contentType: record.contentType,
            body: withBody ? String(decoding: record.body, as: UTF8.self) : nil, hash: Hex.encode(record.hash),
            updatedAt: record.updatedAt)
    }
}
