import ArgumentParser
import OperatorClient
import ServerAPI
import Vocabulary

struct HandoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handover", abstract: "Hand agents over to peers, and accept agents from peers.",
        subcommands: [
            Issue.self, Preview.self, Redeem.self, List.self, Show.self, Push.self, Cancel.self,
        ])

    struct Issue: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Issue a handover token; it is shown once.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "The agent's identifier.") var agent: String
        @Option(name: .customLong("to"), help: "The target's name on this server.") var peer: String
        @Option(help: "Lifetime of the token, 1m to 24h.") var ttl: TimeSpan?
        @Option(help: "How long the agent keeps its previous settings after it moved.") var probation: TimeSpan?
        @Option(help: "repeat or omit: whether the offer contains the agent's certificate.") var certificate:
            CertificateChoice?
        @Option(help: "The epoch that handover.stale-epoch names; the new token has a higher one.") var laterThan:
            Epoch?

        func run(_ server: OperatorClient) async throws {
            let issued = try await server.call(
                OperatorRoutes.issueHandover(),
                sending: HandoverIssue(
                    agent: agent, peer: peer, ttlSeconds: ttl?.seconds, probationSeconds: probation?.seconds,
                    certificate: certificate, laterThan: laterThan))
            try show(issued) { issued in
                HandoverCommand.describe(issued.handover)
                for warning in issued.warnings { Output.line("warning: \(warning)") }
                Output.line("token, shown once; redeem it on \(issued.handover.peer):")
                Output.line(issued.token)
            }
        }
    }

    struct TokenInput: ParsableArguments {
        @Argument(help: "The token; other users of this host can see it while the command runs.") var token: String?
        @Option(help: "File with the token; - for standard input.") var tokenFile: String?

        func validate() throws {
            guard (token == nil) != (tokenFile == nil) else {
                throw ValidationError("Use either the token or --token-file.")
            }
        }

        var text: String { get throws { try token ?? tokenFile.map(File.text) ?? "" } }
    }

    struct Preview: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify a token and show what it would do; changes nothing.",
            discussion: "It exits with status 4 when the server would refuse a redemption now.")
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var input: TokenInput

        func run(_ server: OperatorClient) async throws {
            let preview = try await server.call(
                OperatorRoutes.previewHandover(), sending: TokenText(token: try input.text))
            try show(preview) { preview in
                Output.facts([
                    "handover": "\(preview.handover)", "agent": preview.displayName,
                    "instance uid": "\(preview.instanceUID)", "fingerprint": "\(preview.fingerprint)",
                    "from": "\(preview.source) (\(preview.sourcePeerID))", "its row there": "\(preview.sourceAgent)",
                    "to": preview.endpoint, "issued": "\(preview.issuedAt)", "expires": "\(preview.expiresAt)",
                    "epoch": "\(preview.epoch)", "purpose": preview.purpose,
                    "group": "\(preview.sourceGroup ?? "-") there, \(preview.group ?? "-") here",
                    "configuration":
                        "\(preview.sourceConfiguration ?? "-") there, \(preview.configuration ?? "-") here",
                    "returns to": preview.returnsTo.map { "\($0)" },
                    "capabilities": preview.capabilities.joined(separator: " "),
                ])
                for problem in preview.problems { Output.line("problem: \(problem.operatorMessage)") }
            }
            if !preview.problems.isEmpty { throw CommandStatus.wouldBeRefused }
        }
    }

    struct Redeem: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Redeem a token and accept its agent.",
            discussion: """
                It exits with status 3 when the source has not confirmed the redemption yet. This server repeats the request \
                until the token expires; `handover show` shows the result.
                """)
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var input: TokenInput
        @Option(help: "The agent's group on this server; by default the group with the same name.") var group: String?
        @Option(help: "The agent's configuration on this server; by default the one with the same name.") var config:
            String?
        @Flag(help: "Accept the agent without a configuration.") var withoutConfiguration = false

        func run(_ server: OperatorClient) async throws {
            let redeemed = try await server.call(
                OperatorRoutes.redeemHandover(),
                sending: HandoverRedemption(
                    token: try input.text, group: group, configuration: config,
                    withoutConfiguration: withoutConfiguration ? true : nil))
            try show(redeemed, HandoverCommand.describe)
            if redeemed.phase == .redeeming {
                Output.warning(
                    "\(redeemed.peer) has not confirmed the redemption yet; this server repeats it until "
                        + "\(redeemed.expiresAt). See `mini-server handover show \(redeemed.id)`.")
                throw CommandStatus.notConfirmed
            }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List handovers, the newest first.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "An agent's identifier or fingerprint.") var agent: String?
        @Flag(help: "Only open handovers.") var open = false

        func run(_ server: OperatorClient) async throws {
            let all = try await server.list(
                OperatorRoutes.handovers(query: [.agent: agent, .open: open ? "true" : nil]))
            try show(all, HandoverCommand.table)
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Show one handover and its history.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var id: String

        func run(_ server: OperatorClient) async throws {
            let detail = try await server.call(
                OperatorRoutes.handover(id))
            try show(detail) { detail in
                HandoverCommand.describe(detail.summary)
                Output.facts([
                    "endpoint": detail.endpoint, "group": detail.group, "configuration": detail.configuration,
                    "deadline": detail.deadline.map { "\($0)" },
                    "probation ends": detail.probationEnds.map { "\($0)" }, "ending": detail.ending,
                ])
                Output.table(
                    ["time", "action", "phase", "facts"],
                    detail.events.map { ["\($0.at)", $0.action.text, $0.phase?.text ?? "-", $0.text] })
            }
        }
    }

    struct Push: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Send the agent its offer again.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var id: String

        func run(_ server: OperatorClient) async throws {
            let pushed = try await server.call(
                OperatorRoutes.pushHandover(id))
            try show(pushed, HandoverCommand.describe)
        }
    }

    struct Cancel: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Cancel a handover whose agent has not arrived.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var id: String
        @Option var reason: String?

        func run(_ server: OperatorClient) async throws {
            let cancelled = try await server.call(
                OperatorRoutes.cancelHandover(id),
                sending: HandoverCancellation(reason: reason))
            try show(cancelled, HandoverCommand.describe)
        }
    }

    private static func describe(_ handover: HandoverSummary) {
        Output.facts([
            "handover": "\(handover.id)", "role": handover.role.text, "phase": handover.phase.text,
            "peer": "\(handover.peer) (\(handover.peerID))", "agent": handover.displayName,
            "row here": handover.agent.map { "\($0)" }, "fingerprint": "\(handover.fingerprint)",
            "epoch": "\(handover.epoch)", "issued": "\(handover.issuedAt)", "expires": "\(handover.expiresAt)",
            "updated": "\(handover.updatedAt)",
        ])
    }

    static func table(_ handovers: [HandoverSummary]) {
        Output.table(
            ["handover", "role", "phase", "peer", "agent", "epoch", "updated"],
            handovers.map {
                ["\($0.id)", $0.role.text, $0.phase.text, $0.peer, $0.displayName, "\($0.epoch)", "\($0.updatedAt)"]
            })
    }
}
