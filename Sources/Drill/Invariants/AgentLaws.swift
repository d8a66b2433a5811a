import PeerAPI
import Vocabulary

extension Invariant {
    static let agentLaws: [Invariant] = [
        Invariant("A1", "durable state always names a server the agent has verified") { evidence in
            let verified = evidence.verifiedEndpoints
            let looks = evidence.agents.flatMap { agent in agent.statuses.map { (agent.name, $0.active.endpoint) } }
            return .noneOf(
                looks.filter { !verified.contains($0.1) }.map { "\($0.0) names \($0.1), which never answered it" },
                evidence: "looked at \(looks.count) times, each time a server that had answered", looked: looks.count,
                otherwise: "the state was not looked at")
        },
        Invariant("A2", "the active endpoint changes only after that candidate was verified") { evidence in
            var breaches: [String] = []
            var changes = 0
            for agent in evidence.agents {
                let endpoints = agent.statuses.map(\.active.endpoint)
                let moves = zip(endpoints, endpoints.dropFirst()).filter { $0 != $1 }.map(\.1)
                changes += moves.count
                for endpoint in moves where !evidence.verifiedEndpoints.contains(endpoint) {
                    breaches.append("\(agent.name) changed to \(endpoint) without an answer from there")
                }
            }
            return .noneOf(
                breaches, evidence: "\(changes) changes seen, each to a server that had accepted the agent",
                looked: changes, otherwise: "the active endpoint was never seen to change")
        },
        Invariant("A3", "leaf, private key and instance_uid are byte-identical") { evidence in
            let pairs = evidence.agents.compactMap { agent in
                agent.enrolled.flatMap { before in agent.present.map { (agent.name, before, $0) } }
            }
            let breaches = pairs.flatMap { name, before, after in
                [
                    ("leaf", before.leafBytes == after.leafBytes), ("private key", before.keyBytes == after.keyBytes),
                    ("instance_uid", before.instanceUID == after.instanceUID),
                ].filter { !$0.1 }.map { "the \($0.0) of \(name) changed" }
            }
            return .noneOf(
                breaches, evidence: pairs.map { "\($0.0): three files compared" }.joined(separator: ", "),
                looked: pairs.count, otherwise: "no agent kept its leaf on purpose in this drill")
        },
        Invariant("A4", "at most one OpAMP session at any time") { evidence in
            let watched = evidence.watched
            return .noneOf(
                watched.tooMany,
                evidence: "never more than \(watched.mostConnections) open connection in \(watched.socketLooks) looks",
                looked: watched.mostConnections, otherwise: "no open connection was seen in \(watched.socketLooks) looks")
        },
        Invariant("A5", "every accepted offer ends in exactly one verdict") { evidence in
            let begun = evidence.agents.flatMap { agent in
                AgentLog.hashes(of: "move.began", in: agent.log).map { (agent, $0) }
            }
            let breaches = begun.compactMap { agent, hash -> String? in
                let ends = ["move.adopted", "move.failed", "offer.superseded"]
                    .map { AgentLog.hashes(of: $0, in: agent.log).filter { $0 == hash }.count }.reduce(0, +)
                return ends == 1 ? nil : "\(agent.name): offer \(hash.prefix(12)) has \(ends) verdicts"
            }
            return .noneOf(
                breaches, evidence: "\(begun.count) offers accepted, each with one verdict in the agent's log",
                looked: begun.count, otherwise: "no agent accepted an offer in this drill")
        },
        Invariant("A6", "nothing received lowers verification") { evidence in
            guard let temptation = evidence.temptation else {
                return .notObserved("nothing in this drill asked an agent to verify less")
            }
            let foreign = evidence.agents.flatMap(\.statuses).map(\.active.endpoint)
                .filter { !evidence.verifiedEndpoints.contains($0) }
            return foreign.isEmpty ? .passed(temptation) : .broken("the agent adopted \(foreign[0])")
        },
        Invariant("A7", "a failed offer is never tried again") { evidence in
            let failed = evidence.agents.flatMap { agent in
                AgentLog.hashes(of: "move.failed", in: agent.log).map { (agent, $0) }
            }
            let breaches = failed.compactMap { agent, hash -> String? in
                let tries = AgentLog.hashes(of: "move.began", in: agent.log).filter { $0 == hash }.count
                return tries <= 1 ? nil : "\(agent.name) began offer \(hash.prefix(12)) \(tries) times"
            }
            return .noneOf(
                breaches, evidence: "\(failed.count) failed, none begun a second time", looked: failed.count,
                otherwise: "no offer failed in this drill")
        },
    ]
}

extension Evidence {
    /// Endpoints of servers that have let an agent in: it enrolled there, or the server wrote that it connected.
    var verifiedEndpoints: Set<String> {
        let welcoming = servers.filter { server in
            server.audit.contains { $0.action == "Agent.Enrolled" || $0.action == "Handover.AgentConnected" }
        }
        return Set(welcoming.compactMap { endpoints[$0.label] }.flatMap { [$0, $0.withOtherTransport] })
    }
}

extension String {
    /// The same place over the other OpAMP transport.
    fileprivate var withOtherTransport: String {
        hasPrefix("wss://") ? "https://" + dropFirst(6) : hasPrefix("https://") ? "wss://" + dropFirst(8) : self
    }
}

/// The agent's structured log: one line an event, `name=value` fields.
enum AgentLog {
    /// The offer hashes that events of this name speak of, in order.
    static func hashes(of event: String, in log: String) -> [String] {
        lines(of: event, in: log).compactMap { field("offer", in: $0) }
    }

    static func lines(of event: String, in log: String) -> [Substring] {
        log.split(separator: "\n").filter { line in
            line.split(separator: " ").contains { $0 == event || $0.hasSuffix("=" + event) }
        }
    }

    static func field(_ name: String, in line: Substring) -> String? {
        line.split(separator: " ").first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}
