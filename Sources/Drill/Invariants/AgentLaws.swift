import Certificates
import ServerAPI
import Vocabulary

extension Invariant {
    static let agentLaws: [Invariant] = [
        Invariant(.a1, "durable state always names a server the agent has verified") { evidence in
            let looks = evidence.agents.flatMap { agent in agent.looks.map { (agent, $0) } }
            let breaches = looks.filter { !evidence.hadWelcomed($0, by: $1) }
                .map { "\($0.name) names \($1.status.active.endpoint), which had never answered it" }
            return Invariant.Finding.noneOf(
                evidence.unseen.isEmpty ? breaches : [],
                evidence: "looked at \(looks.count) times, each time a server that had answered this agent",
                looked: looks.count, otherwise: "the state was not looked at"
            ).unless(evidence.unseen)
        },
        Invariant(.a2, "the active endpoint changes only after that candidate was verified") { evidence in
            let changes = evidence.agents.flatMap { agent in
                zip(agent.looks, agent.looks.dropFirst())
                    .filter { $0.status.active.endpoint != $1.status.active.endpoint }.map { (agent, $1) }
            }
            let logged = evidence.agents.flatMap { agent in AgentLog(agent.log).changesOfServer.map { (agent, $0) } }
            let breaches =
                changes.filter { !evidence.hadWelcomed($0, by: $1) }
                .map { "\($0.name) changed to \($1.status.active.endpoint) without an answer from there" }
                + logged.filter { !evidence.hadWelcomed($0, before: $1) }
                .map { "\($0.name) logged \($1.endpoint) as its server before an answer from there" }
            return Invariant.Finding.noneOf(
                evidence.unseen.isEmpty ? breaches : [],
                evidence: """
                    \(changes.count) changes in \(evidence.agents.flatMap(\.looks).count) looks and \(logged.count) in \
                    the agents' logs, each to a server that had accepted this agent by then
                    """,
                looked: changes.count + logged.count, otherwise: "the active endpoint was never seen to change"
            ).unless(evidence.unseen)
        },
        Invariant(.a3, "leaf, private key and instance_uid are byte-identical") { evidence in
            // An agent that never set out shows nothing about those that did.
            let movers = evidence.agents.filter { !AgentLog.offers(of: AgentLog.beginnings, in: $0.log).isEmpty }
            let breaches = movers.flatMap { agent -> [String] in
                guard let before = agent.enrolled else { return [] }
                guard let after = agent.present else { return ["\(agent.name) has lost its leaf, key or identity"] }
                return [
                    ("leaf", before.leafBytes == after.leafBytes), ("private key", before.keyBytes == after.keyBytes),
                    ("instance_uid", before.instanceUID == after.instanceUID),
                ].filter { !$0.1 }.map { "the \($0.0) of \(agent.name) changed" }
            }
            let compared = movers.filter { $0.enrolled != nil }.map(\.name)
            return .noneOf(
                breaches, evidence: "three files compared of \(compared.joined(separator: ", "))",
                looked: compared.count, otherwise: "no enrolled agent began a move in this drill")
        },
        Invariant(.a4, "at most one OpAMP session at any time") { evidence in
            let watched = evidence.watched
            let logs = evidence.agents.map { ($0.name, AgentLog($0.log)) }
            let dials = logs.flatMap { $0.1.lines(of: ["connection.dialing"]) }.count
            return .noneOf(
                watched.tooMany + logs.flatMap { name, log in log.doubleDials.map { "\(name) \($0)" } },
                evidence: """
                    \(watched.connectedLooks) looks at an open connection, never two of one agent, and \(dials) dials \
                    in the agents' logs, each after the end of the connection before it
                    """,
                looked: watched.connectedLooks, otherwise: "no open connection was seen in \(watched.socketLooks) looks"
            )
        },
        Invariant(.a5, "every accepted offer ends in exactly one verdict") { evidence in
            // What began is in the log; how it ended is in the state, which a killed process leaves behind as well.
            let begun = evidence.agents.flatMap { agent in
                Set(AgentLog.offers(of: AgentLog.beginnings, in: agent.log)).sorted().map { (agent, $0) }
            }
            let unread = Set(begun.filter { $0.0.atTheEnd == nil }.map(\.0.name)).sorted()
            let breaches = begun.compactMap { agent, offer -> String? in
                guard let end = agent.atTheEnd else { return nil }
                let verdicts = end.verdicts.filter { $0.offer == offer }.count
                let superseded = AgentLog.offers(of: ["offer.superseded"], in: agent.log).filter { $0 == offer }.count
                let ends = verdicts + superseded
                return ends == 1 ? nil : "\(agent.name): offer \(offer.prefix(12)) has \(ends) verdicts"
            }
            return Invariant.Finding.noneOf(
                breaches, evidence: "\(begun.count) offers accepted, each with one verdict in the agent's state",
                looked: begun.count, otherwise: "no agent accepted an offer in this drill"
            ).unless(unread.map { "the state of \($0) could not be read at the end" })
        },
        Invariant(.a6, "nothing received lowers verification") { evidence in
            guard let temptation = evidence.temptation else {
                return .notObserved("nothing in this drill asked an agent to verify less")
            }
            guard evidence.unseen.isEmpty, let endpoint = evidence.endpoints[temptation.server] else {
                return .notObserved("\(temptation.server), which tempted the agent, could not be asked at the end")
            }
            let breaches = evidence.agents.flatMap { agent -> [String] in
                let adopted = agent.looks.contains { endpoint.isSamePlace(as: $0.status.active.endpoint) }
                let spoke = evidence.welcomes(of: agent).keys.contains { endpoint.isSamePlace(as: $0) }
                return (adopted ? ["\(agent.name) adopted \(endpoint)"] : [])
                    + (spoke ? ["\(agent.name) spoke to \(endpoint)"] : [])
            }
            return .noneOf(breaches, evidence: temptation.what, looked: 1, otherwise: "")
        },
        Invariant(.a7, "a failed offer is never tried again") { evidence in
            let failed = evidence.agents.flatMap { agent in
                Set(AgentLog.offers(of: ["move.failed"], in: agent.log)).sorted().map { (agent, $0) }
            }
            // A move that a killed process began may begin again; one that has failed may not.
            let breaches = failed.compactMap { agent, offer -> String? in
                let lines = agent.log.split(separator: "\n")
                guard let failure = lines.firstIndex(where: { AgentLog.is($0, ["move.failed"], of: offer) }),
                    lines[failure...].contains(where: { AgentLog.is($0, AgentLog.beginnings, of: offer) })
                else { return nil }
                return "\(agent.name) began offer \(offer.prefix(12)) again after it had failed"
            }
            return .noneOf(
                breaches, evidence: "\(failed.count) failed, none begun again", looked: failed.count,
                otherwise: "no offer failed in this drill")
        },
    ]
}

extension Evidence {
    /// When each endpoint first let this very agent in: it enrolled there, or the server wrote that it connected.
    func welcomes(of agent: Agent) -> [String: Timestamp] {
        guard let identity = agent.present ?? agent.enrolled else { return [:] }
        let leaf = identity.leaf.fingerprint
        var times: [String: Timestamp] = [:]
        for server in servers {
            let rows = Set(server.agents.filter { $0.fingerprint == leaf }.map(\.id))
            let entries = server.audit.filter { entry in
                // The row may have another leaf by now, and the entry the one that this agent had then.
                entry.action == .agentEnrolled
                    && (rows.contains(entry.entityID)
                        || entry.additional["instanceUid"] == "\(identity.instanceUID)")
                    || entry.action == .agentConnected && entry.additional["fingerprint"] == "\(leaf)"
            }
            if let endpoint = endpoints[server.label] { times[endpoint] = entries.map(\.at).min() }
        }
        return times
    }

    /// The server that the agent names at this look had let it in by then.
    fileprivate func hadWelcomed(_ agent: Agent, by look: AgentLook) -> Bool {
        welcomes(of: agent).contains { $0.isSamePlace(as: look.status.active.endpoint) && $1 <= look.at }
    }

    /// The server had let the agent in for the very handover by which it went there.
    fileprivate func hadWelcomed(_ agent: Agent, before change: AgentLog.ChangeOfServer) -> Bool {
        guard let handover = change.handover else {
            return welcomes(of: agent).contains { $0.isSamePlace(as: change.endpoint) && $1 <= change.at }
        }
        return servers.contains { server in
            endpoints[server.label]?.isSamePlace(as: change.endpoint) ?? false
                && server.audit.contains {
                    $0.action == .agentConnected && $0.additional["handover"] == handover
                        && $0.at <= change.at
                }
        }
    }

    /// Arrivals that a server wrote before the agent itself had made it its server, and how many arrivals there are.
    var arrivals: (count: Int, early: [String]) {
        var (count, early): (Int, [String]) = (0, [])
        for server in servers {
            guard let endpoint = endpoints[server.label] else { continue }
            for entry in server.audit where entry.action == .agentArrived {
                let travellers = agents.filter { agent in
                    (agent.present ?? agent.enrolled)
                        .map { "\($0.leaf.fingerprint)" == entry.additional["fingerprint"] } ?? false
                }
                guard !travellers.isEmpty else { continue }
                count += 1
                let hasCommitted = travellers.contains { agent in
                    AgentLog(agent.log).changesOfServer.contains {
                        $0.endpoint.isSamePlace(as: endpoint) && $0.at <= entry.at
                            && ($0.handover == nil || $0.handover == entry.additional["handover"])
                    }
                }
                if !hasCommitted {
                    early.append("\(server.label) shows \(travellers[0].name) as arrived before it had committed")
                }
            }
        }
        return (count, early)
    }
}

extension String {
    /// The same OpAMP endpoint, over whichever transport.
    func isSamePlace(as other: String) -> Bool {
        self == other || split(separator: "://").last == other.split(separator: "://").last
    }
}
