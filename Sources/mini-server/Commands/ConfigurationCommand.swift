import ArgumentParser
import OperatorClient
import ServerAPI
import Vocabulary

struct ConfigurationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Remote configurations.",
        subcommands: [Add.self, List.self, Show.self, Remove.self])

    struct Add: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Save a configuration and offer it to its agents.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String
        @Option(help: "File with the body; - for standard input.") var file: String
        @Option var contentType = "text/yaml"

        func run(_ server: OperatorClient) async throws {
            let saved = try await server.call(
                OperatorRoutes.saveConfiguration(name),
                sending: ConfigurationText(contentType: contentType, body: try File.text(file)))
            try show(saved) { Output.line("saved \($0.name), sha256 \($0.hash)") }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List the configurations.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let all = try await server.list(OperatorRoutes.configurations())
            try show(all) { all in
                Output.table(
                    ["name", "type", "updated", "hash"],
                    all.map { [$0.name, $0.contentType, "\($0.updatedAt)", $0.hash] })
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Print a configuration's body.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String

        func run(_ server: OperatorClient) async throws {
            let found = try await server.call(
                OperatorRoutes.configuration(name))
            try show(found) { Output.line($0.body ?? "") }
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a configuration that is not assigned.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String

        func run(_ server: OperatorClient) async throws {
            try await server.call(OperatorRoutes.deleteConfiguration(name))
        }
    }
}
