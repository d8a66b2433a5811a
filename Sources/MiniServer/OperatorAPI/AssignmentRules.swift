import ServerAPI
import ServerCore
import ServerStorage

/// The configuration of a group's agents. An agent has the configuration of its last assignment, by name or through its
/// group.
extension AgentRecord {
    /// - Parameter groupsConfiguration: of the group that the agent enters or is in.
    mutating func apply(_ wanted: Assignment, groupsConfiguration: (String) throws -> String?) rethrows {
        if wanted.withoutGroup == true { group = nil }
        if let entered = wanted.group {
            group = entered
            configuration = try groupsConfiguration(entered) ?? configuration
        }
        if let named = wanted.configuration { configuration = named }
        if wanted.withoutConfiguration == true { configuration = nil }
    }

    /// Follows a change of its group's configuration.
    mutating func follow(from before: String?, to after: String?) {
        if let after {
            configuration = after
        } else if configuration == before {
            configuration = nil
        }
    }
}

extension GroupRecord {
    /// What a group is to have, after this change.
    func configuration(after wanted: GroupSettings) -> String? {
        wanted.withoutConfiguration == true ? nil : wanted.configuration ?? configuration
    }
}

extension StorageTransaction {
    /// - Throws: `FleetRefusal.groupMissing`, `.configurationMissing`.
    func assign(_ wanted: Assignment, to row: inout AgentRecord) throws {
        if let name = wanted.configuration, try configurations.find(name) == nil {
            throw FleetRefusal.configurationMissing(name)
        }
        try row.apply(wanted) { name in
            guard let group = try groups.find(name) else { throw FleetRefusal.groupMissing(name) }
            return group.configuration
        }
    }
}
