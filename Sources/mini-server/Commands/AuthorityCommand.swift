import ArgumentParser
import OperatorClient
import ServerAPI
import Vocabulary

struct AuthorityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "The server's certificate authority.",
        subcommands: [List.self, Rotate.self, Discard.self, Retire.self, Bundle.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List the CA keys.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let keys = try await server.list(OperatorRoutes.signingKeys())
            try show(keys) { keys in
                Output.table(
                    ["state", "since", "expires", "subject", "fingerprint"],
                    keys.map { [$0.state.text, "\($0.since)", "\($0.notAfter)", $0.subject, "\($0.fingerprint)"] })
            }
        }
    }

    struct Rotate: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a new CA key and sign with it from now on.",
            discussion: """
                --draft only publishes the key: peers refresh within five minutes, agents receive it at once or when \
                they connect. Activate it after that. The previous key stays trusted for at least 30 days, and \
                issues the listener's certificate until it is retired.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Flag(help: "Publish the new key without activating it.") var draft = false
        @Option(help: "Activate this draft instead of creating a key.") var activate: String?

        func run(_ server: OperatorClient) async throws {
            var key: SigningKeySummary?
            var fingerprint = activate
            if fingerprint == nil {
                let made = try await server.call(OperatorRoutes.draftSigningKey())
                (key, fingerprint) = (made, "\(made.fingerprint)")
            }
            if !draft, let fingerprint {
                key = try await server.call(
                    OperatorRoutes.activateSigningKey(fingerprint))
            }
            guard let key else { return }
            try show(key) { Output.facts(["fingerprint": "\($0.fingerprint)", "state": $0.state.text]) }
        }
    }

    struct Discard: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Discard a draft key.",
            discussion: "Peers and agents that received the draft are told to remove it.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "As `ca list` shows it.") var fingerprint: String

        func run(_ server: OperatorClient) async throws {
            let key = try await server.call(
                OperatorRoutes.discardSigningKey(fingerprint))
            try show(key) { Output.facts(["fingerprint": "\($0.fingerprint)", "state": $0.state.text]) }
        }
    }

    struct Retire: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop trusting a key that was replaced at least 30 days ago.",
            discussion: """
                The server refuses while agents use a certificate that this key signed, or are connected and know no \
                other key. The listener's certificate then comes from the next key; agents that have not connected \
                since the replacement no longer trust this server.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "As `ca list` shows it.") var fingerprint: String

        func run(_ server: OperatorClient) async throws {
            let key = try await server.call(
                OperatorRoutes.retireSigningKey(fingerprint))
            try show(key) { Output.facts(["fingerprint": "\($0.fingerprint)", "state": $0.state.text]) }
        }
    }

    struct Bundle: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the CA certificates that the server publishes.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let pem = try await server.text(PublicPaths.trustBundle)
            try show(pem) { Output.line($0.hasSuffix("\n") ? String($0.dropLast()) : $0) }
        }
    }
}
