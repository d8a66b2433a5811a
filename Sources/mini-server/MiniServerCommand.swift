import ArgumentParser

/// `mini-server`: the server itself, and the command-line client of its operator interface.
@main struct MiniServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mini-server",
        abstract: "A minimal OpAMP server that hands agents over to its peers.",
        discussion: """
            `serve` runs a server. Every other command calls a server: choose it with --context (its data directory on \
            this machine), with --server, --ca and --token, or with MINI_SERVER_URL, MINI_SERVER_CA and \
            MINI_SERVER_TOKEN.
            """,
        subcommands: [
            ServeCommand.self, AuthorityCommand.self, PeerCommand.self, AgentCommand.self, GroupCommand.self,
            ConfigurationCommand.self, BootstrapTokenCommand.self, OperatorTokenCommand.self, HandoverCommand.self,
            AuditCommand.self,
        ])
}
