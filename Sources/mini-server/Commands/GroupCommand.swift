import ArgumentParser
import OperatorClient
import ServerAPI
import Vocabulary

struct GroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group", abstract: "Groups of agents.", subcommands: [Add.self, List.self, Remove.self])

    struct Add: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Save a group.",
            discussion: "An existing group keeps its configuration unless --config or --no-config is used.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String
        @Option(help: "Configuration for all agents of the group.") var config: String?
        @Flag(help: "Remove the configuration of the group and of its agents.") var noConfig = false

        func validate() throws {
            guard config == nil || !noConfig else {
                throw ValidationError("--config and --no-config exclude each other.")
            }
        }

        func run(_ server: OperatorClient) async throws {
            let group = try await server.call(
                OperatorRoutes.saveGroup(name),
                sending: GroupSettings(configuration: config, withoutConfiguration: noConfig ? true : nil))
            try show(group) { Output.line("saved \($0.name)") }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List the groups.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let groups = try await server.list(OperatorRoutes.groups())
            try show(groups) { groups in
                Output.table(
                    ["name", "agents", "configuration"],
                    groups.map { [$0.name, "\($0.agents)", $0.configuration ?? "-"] })
            }
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a group that has no agents.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String

        func run(_ server: OperatorClient) async throws {
            try await server.call(OperatorRoutes.deleteGroup(name))
        }
    }
}
