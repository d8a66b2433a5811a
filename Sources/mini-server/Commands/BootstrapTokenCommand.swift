import ArgumentParser
import OperatorClient
import ServerAPI
import Vocabulary

struct BootstrapTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap-token", abstract: "Single-use tokens for the enrollment of agents.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Create a token; it is shown once.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "Lifetime of the token, such as 15m or 24h.") var ttl: TimeSpan?
        @Option(help: "The group of the agent that enrolls.") var group: String?

        func run(_ server: OperatorClient) async throws {
            let created = try await server.call(
                OperatorRoutes.createBootstrapToken(),
                sending: BootstrapTokenRequest(ttlSeconds: ttl?.seconds, group: group))
            try show(created) { Output.line($0.text) }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens without their text.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let tokens = try await server.list(OperatorRoutes.bootstrapTokens())
            try show(tokens) { tokens in
                Output.table(
                    ["id", "group", "created by", "expires", "used by"],
                    tokens.map {
                        [$0.id, $0.group ?? "-", $0.createdBy, "\($0.expiresAt)", $0.usedBy.map { "\($0)" } ?? "-"]
                    })
            }
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a token.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var id: String

        func run(_ server: OperatorClient) async throws {
            try await server.call(
                OperatorRoutes.revokeBootstrapToken(id))
        }
    }
}
