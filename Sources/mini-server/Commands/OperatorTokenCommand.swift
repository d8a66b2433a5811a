import ArgumentParser
import OperatorClient
import ServerAPI
import Vocabulary

struct OperatorTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator-token", abstract: "Tokens that authenticate operators and their programs.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Create a token; it is shown once.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "The name in the audit trail.") var name: String
        @Option(help: "viewer, operator or admin.") var role: Role
        @Option(help: "Lifetime, such as 12h or 90d; by default the token does not expire.") var ttl: TimeSpan?

        func run(_ server: OperatorClient) async throws {
            let created = try await server.call(
                OperatorRoutes.createOperatorToken(),
                sending: OperatorTokenRequest(name: name, role: role, ttlSeconds: ttl?.seconds))
            try show(created) { Output.line($0.text) }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens without their text.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let tokens = try await server.list(OperatorRoutes.operatorTokens())
            try show(tokens) { tokens in
                Output.table(
                    ["id", "name", "role", "created", "expires"],
                    tokens.map {
                        [$0.id, $0.name, $0.role.text, "\($0.createdAt)", $0.expiresAt.map { "\($0)" } ?? "never"]
                    })
            }
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a token.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "As `operator-token list` shows it.") var id: String

        func run(_ server: OperatorClient) async throws {
            try await server.call(OperatorRoutes.revokeOperatorToken(id))
        }
    }
}
