import ArgumentParser
import PeerAPI
import Vocabulary

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The audit trail.", subcommands: [List.self, Verify.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List entries, the newest first.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "An agent's identifier or fingerprint.") var agent: String?
        @Option(help: "For example Handover.AgentArrived.") var action: String?
        @Option(help: "A handover's identifier.") var handover: String?

        func run(_ server: OperatorClient) async throws {
            let events: [AuditEvent] = try await server.list(
                OperatorRoutes.auditEvents,
                query: [QueryNames.agent: agent, QueryNames.action: action, QueryNames.handover: handover])
            try show(events) { events in
                Output.table(
                    ["seq", "time", "actor", "action", "entity", "after"],
                    events.map {
                        [
                            "\($0.sequence)", "\($0.at)", $0.actor, $0.action, "\($0.entityType) \($0.entityID)",
                            $0.after ?? "-",
                        ]
                    })
            }
        }
    }

    struct Verify: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Check the hash chain from its first entry on.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let verdict: AuditVerdict = try await server.call(OperatorRoutes.verifyAudit)
            try show(verdict) { Output.line($0.text) }
            guard verdict.ok else {
                throw CommandFailure(
                    code: "audit.broken", title: "The audit trail does not hold", cause: verdict.text,
                    nextAction: "Keep the database file as it is, and compare it with a backup.")
            }
        }
    }
}
