import ArgumentParser
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The audit trail.", subcommands: [List.self, Verify.self, Prune.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List entries, the newest first.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "An agent's identifier or fingerprint.") var agent: String?
        @Option(help: "For example Handover.AgentArrived.") var action: String?
        @Option(help: "A handover's identifier.") var handover: String?

        func run(_ server: OperatorClient) async throws {
            let events = try await server.list(
                OperatorRoutes.auditEvents(query: [.agent: agent, .action: action, .handover: handover]))
            try show(events) { events in
                Output.table(
                    ["seq", "time", "actor", "action", "entity", "after"],
                    events.map {
                        [
                            "\($0.sequence)", "\($0.at)", $0.actor, $0.action.text, "\($0.entityType) \($0.entityID)",
                            $0.after ?? "-",
                        ]
                    })
            }
        }
    }

    struct Verify: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify the hash chain from its first entry, or from the last prune.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let verdict = try await server.call(OperatorRoutes.verifyAudit())
            try show(verdict) { Output.line($0.text) }
            guard verdict.ok else {
                throw CommandFailure(
                    code: "audit.broken", title: "The audit trail is not intact", cause: verdict.text,
                    nextAction: "Keep the database file unchanged, and compare it with a backup.")
            }
        }
    }

    struct Prune: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete old entries permanently.",
            discussion:
                "Later verifications begin with the first remaining entry. The trail keeps an entry about the prune.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "An age such as 400d, a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z (UTC).")
        var before: PastTime

        func run(_ server: OperatorClient) async throws {
            let pruned = try await server.call(
                OperatorRoutes.pruneAudit(), sending: AuditPruning(before: before.time))
            try show(pruned) { pruned in
                let end = pruned.throughSequence.map { ", up to entry \($0)" } ?? ""
                Output.line("deleted \(pruned.entries) entries older than \(before.time)\(end)")
            }
        }
    }
}

/// A time in the past as people write it: how long ago, a day, or an instant.
struct PastTime: ExpressibleByArgument {
    let time: Timestamp

    init?(argument: String) {
        if let time = Timestamp(argument) ?? Timestamp(argument + "T00:00:00Z") {
            self.time = time
        } else if let age = TimeSpan(argument: argument) {
            let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
            time = now - .seconds(age.seconds)
        } else {
            return nil
        }
    }
}
