import ArgumentParser
import OperatorClient
import ServerAPI
import Vocabulary

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Agents of this server and of its peers.",
        subcommands: [List.self, Show.self, Assign.self, Revoke.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List agents.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "Text in name, instance uid, fingerprint or identifier.") var query: String?
        @Option(help: "live, stale, offline, arriving, moved-to-peer or withdrawn.") var presence: AgentPresence?
        @Option(help: "Only agents of this group.") var group: String?
        @Option(help: "Agents of this peer, read-only.") var peer: String?

        func run(_ server: OperatorClient) async throws {
            let agents = try await server.list(
                OperatorRoutes.agents(
                    query: [.query: query, .presence: presence?.rawValue, .group: group, .peer: peer]))
            try show(agents) { agents in
                Output.table(
                    ["id", "name", "presence", "health", "group", "configuration", "epoch", "last seen"],
                    agents.map {
                        [
                            $0.id, $0.displayName, $0.presenceText, $0.healthText, $0.group ?? "-",
                            $0.configuration ?? "-", "\($0.epoch)", $0.lastSeen.map { "\($0)" } ?? "never",
                        ]
                    })
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Show one agent.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "The agent's identifier, or peer:NAME/ID.") var id: String

        func run(_ server: OperatorClient) async throws {
            let detail: AgentDetail = try await server.call(route)
            try show(detail, AgentCommand.describe)
        }

        private var route: RouteCall<NoContent, AgentDetail> {
            let parts = id.split(separator: "/", maxSplits: 1).map(String.init)
            guard id.hasPrefix("peer:"), parts.count == 2 else {
                return OperatorRoutes.agent(id)
            }
            return OperatorRoutes.peerAgent(String(parts[0].dropFirst(5)), parts[1])
        }
    }

    struct Assign: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change an agent's group and configuration.",
            discussion: """
                Options that are absent change nothing. An agent that enters a group gets the group's configuration, \
                unless --config names another one.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Argument var id: String
        @Option(help: "The agent's new group.") var group: String?
        @Flag(help: "Remove the agent from its group.") var noGroup = false
        @Option(name: [.long, .customLong("configuration")], help: "The agent's new configuration.") var config: String?
        @Flag(
            name: [.customLong("no-config"), .customLong("no-configuration")], help: "Remove the agent's configuration."
        )
        var noConfig = false

        func validate() throws {
            guard group == nil || !noGroup else { throw ValidationError("--group and --no-group exclude each other.") }
            guard config == nil || !noConfig else {
                throw ValidationError("--config and --no-config exclude each other.")
            }
            guard group != nil || config != nil || noGroup || noConfig else {
                throw ValidationError("Use --group, --no-group, --config or --no-config.")
            }
        }

        func run(_ server: OperatorClient) async throws {
            let agent = try await server.call(
                OperatorRoutes.assignAgent(id),
                sending: Assignment(
                    group: group, configuration: config, withoutGroup: noGroup ? true : nil,
                    withoutConfiguration: noConfig ? true : nil))
            try show(agent) {
                Output.facts(["id": $0.id, "group": $0.group ?? "-", "configuration": $0.configuration ?? "-"])
            }
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke an agent's certificate and end its session.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var id: String

        func run(_ server: OperatorClient) async throws {
            let agent = try await server.call(
                OperatorRoutes.revokeLeaf(id))
            try show(agent) { Output.line("revoked \($0.fingerprint)") }
        }
    }

    private static func describe(_ detail: AgentDetail) {
        let agent = detail.summary
        Output.facts([
            "id": agent.id, "name": agent.displayName, "instance uid": "\(agent.instanceUID)",
            "presence": agent.presenceText, "health": agent.healthText, "status": detail.health?.status,
            "last error": detail.health.flatMap { $0.lastError.isEmpty ? nil : $0.lastError },
            "fingerprint": "\(agent.fingerprint)", "certificate": detail.leaf.subject,
            "valid until": "\(detail.leaf.notAfter)", "revoked": detail.leaf.revoked ? "yes" : nil,
            "group": agent.group ?? "-", "configuration": agent.configuration ?? "-",
            "configuration status": detail.configurationStatus.map {
                $0.errorMessage.isEmpty ? $0.status : "\($0.status): \($0.errorMessage)"
            },
            "epoch": "\(agent.epoch)", "last seen": agent.lastSeen.map { "\($0)" } ?? "never",
            "copy detected": detail.copyDetectedAt.map { "\($0): two hosts use this identity; see `audit list`" },
            "too large": detail.tooLarge?.joined(separator: ", "),
            "came from": detail.origin.map { "\($0.peer), as \($0.agent)" },
            "capabilities": detail.capabilities.joined(separator: " "),
        ])
        for attribute in detail.attributes { Output.line("  \(attribute.key) = \(attribute.value)") }
        if !detail.handovers.isEmpty { HandoverCommand.table(detail.handovers) }
    }
}

extension AgentSummary {
    fileprivate var presenceText: String { movedTo.map { "MovedToPeer \($0)" } ?? presence.text }
    fileprivate var healthText: String { healthy.map { $0 ? "healthy" : "unhealthy" } ?? "-" }
}
