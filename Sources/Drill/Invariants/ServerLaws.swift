import ServerAPI
import Vocabulary

extension Invariant {
    static let serverLaws: [Invariant] = [
        Invariant(.t1, "a token is redeemed at most once") { evidence in
            // Both sides write the redemption they know of, so that two of one token show on one server or between two.
            let records = evidence.servers.flatMap { server in
                server.handovers.flatMap { detail in
                    Evidence.actions(of: detail.summary.id, on: server)
                        .filter { $0.action.isOne(of: [.redemptionRequested, .tokenRedeemed]) }
                        .compactMap { entry in entry.additional["redemption"].map { (detail.summary.id, $0) } }
                }
            }
            let redemptions = Dictionary(grouping: records, by: \.0).mapValues { Set($0.map(\.1)).count }
            return Invariant.Finding.noneOf(
                redemptions.filter { $0.value > 1 }.map { "\($0.value) redemptions of \($0.key) are written" },
                evidence: "\(redemptions.count) tokens redeemed, each once by the records of both sides",
                looked: redemptions.count, otherwise: "no token was redeemed in this drill"
            ).unless(evidence.unseen)
        },
        probed(.t2, "a token helps nobody without the leaf's private key", by: [.lookalikeLeaf, .copiedLeaf]),
        probed(
            .t3, "a foreign leaf is accepted only by fingerprint and record",
            by: [.foreignLeaf, .noLeaf, .copiedPeer, .operatorToken]),
        Invariant(.t4, "each handover of an agent has an epoch one higher than the last") { evidence in
            let issued = evidence.servers.flatMap(\.handovers).filter { $0.summary.role == .source }
            let byAgent = Dictionary(grouping: issued, by: \.instanceUID)
            var breaches = byAgent.compactMap { uid, handovers -> String? in
                let epochs = handovers.sorted(by: Evidence.isIssuedBefore).map(\.summary.epoch)
                let isRising = zip(epochs, epochs.dropFirst()).allSatisfy { $0 + 1 == $1 }
                return isRising ? nil : "\(uid) has epochs \(epochs)"
            }
            breaches += evidence.agents.compactMap { agent in
                let own = agent.looks.map(\.status.epoch)
                return own == own.sorted() ? nil : "\(agent.name) went back in its epochs \(own)"
            }
            return Invariant.Finding.noneOf(
                breaches, evidence: "epochs of \(issued.count) handovers of \(byAgent.count) agents rise by one",
                looked: issued.count, otherwise: "no handover was issued in this drill"
            ).unless(evidence.unseen)
        },
        Invariant(.t5, "at most one server shows the agent live") { evidence in
            let live = evidence.servers.flatMap { server in
                server.agents.filter { $0.presence == .live }.map { ($0.instanceUID, server.label) }
            }
            let atTheEnd = Dictionary(grouping: live, by: \.0).filter { $0.value.count > 1 }
                .map { "\($0.key) is live on \($0.value.map(\.1).joined(separator: " and "))" }
            let arrivals = evidence.arrivals
            return Invariant.Finding.noneOf(
                atTheEnd + evidence.watched.doubles + arrivals.early,
                evidence: """
                    \(evidence.watched.fleetLooks) looks at all fleets during the drill and one at the end, and \
                    \(arrivals.count) arrivals in the audits, each after the agent's own log of its adoption
                    """,
                looked: evidence.watched.fleetLooks, otherwise: "no agent was seen live beside a second server"
            ).unless(evidence.unseen)
        },
        Invariant(.t6, "MovedToPeer only on evidence from the target") { evidence in
            guard evidence.unseen.isEmpty else { return .notObserved(evidence.unseen.joined(separator: "; ")) }
            var breaches: [String] = []
            var moves = 0
            for source in evidence.servers {
                let completions = source.audit.filter { $0.action == .completed }
                for done in completions {
                    moves += 1
                    let arrivals = evidence.servers.filter { $0.label != source.label }.flatMap(\.audit).filter {
                        $0.action == .agentArrived && $0.at <= done.at
                            && $0.additional["handover"] == done.additional["handover"]
                    }
                    if arrivals.isEmpty {
                        breaches.append("\(source.label) completed a handover nobody had arrived by")
                    }
                }
                let completed = Set(completions.compactMap { $0.additional["fingerprint"] })
                breaches += source.agents
                    .filter { $0.presence == .movedToPeer && !completed.contains("\($0.fingerprint)") }
                    .map { "\(source.label) marks \($0.displayName) as moved and wrote no completion" }
            }
            return .noneOf(
                breaches, evidence: "\(moves) moves, each after the target's own record of the arrival", looked: moves,
                otherwise: "no agent was marked as moved in this drill")
        },
        probed(
            .t7, "a federation request needs both factors", by: [.noCertificate, .otherCertificate, .wrongSecret]),
        Invariant(.t8, "every change of state has its audit entry") { evidence in
            var breaches = evidence.servers.compactMap { server in
                server.auditVerdict.flatMap { $0.ok ? nil : "\(server.label): \($0.text)" }
            }
            breaches += evidence.servers.flatMap { server in
                let others = evidence.servers.filter { $0.label != server.label }
                return server.handovers.flatMap { HandoverTrail.gaps(in: $0, on: server, beside: others) }
            }
            let checked = evidence.servers.filter { $0.auditVerdict != nil }
            let changes = checked.map { ($0, Estate.Change.all(in: $0.estates)) }
            breaches += changes.flatMap { server, changes in
                Estate.Change.unwritten(changes, in: server.audit).map { "\(server.label): \($0.text)" }.sorted()
            }
            let entries = checked.map { "\($0.label) \($0.auditVerdict?.entries ?? 0)" }.joined(separator: ", ")
            let handovers = checked.flatMap(\.handovers).count
            let seen = changes.map(\.1.count).reduce(0, +)
            return Invariant.Finding.noneOf(
                breaches,
                evidence: """
                    hash chain verified (\(entries) entries), every phase of \(handovers) records and \(seen) changes \
                    of rows, leaves, peers, groups and configurations have their own
                    """,
                looked: min(handovers, seen), otherwise: "there was no handover whose trail could be read"
            ).unless(evidence.unseen)
        },
        Invariant(.t9, "no secret in logs, metrics, audit or errors") { evidence in
            let search = evidence.secrets
            return .noneOf(
                search.leaks, evidence: "\(search.canaries) secrets looked for in \(search.texts) texts",
                looked: min(search.canaries, search.texts), otherwise: "this drill has seen no secret")
        },
        Invariant(.t10, "a handover completes, or the agent is back on the source") { evidence in
            guard evidence.unseen.isEmpty else { return .notObserved(evidence.unseen.joined(separator: "; ")) }
            return HandoverEnding.judge(evidence)
        },
    ]

    /// Judged by attempts that must be refused; each kind has to have been tried at every server where it can be.
    private static func probed(_ law: Law, _ statement: String, by kinds: [Evidence.Probe.Kind]) -> Invariant {
        Invariant(law, statement) { evidence in
            let tried = evidence.probes.filter { kinds.contains($0.kind) }
            let missing = kinds.flatMap { kind in
                kind.ways.flatMap { way in
                    evidence.servers(for: kind).sorted().filter { label in
                        let attempts = tried.filter { $0.kind == kind && $0.way == way && $0.server == label }
                        return Set(attempts.map(\.what)).count < kind.attempts
                    }.map { "\(kind.rawValue) by \(way.rawValue) at \($0)" }
                }
            }
            let closed =
                tried.contains { $0.way == .upgrade } ? evidence.admitsOwnAgent.filter { !$0.value }.keys.sorted() : []
            let answers = Set(tried.map(\.answer)).sorted().joined(separator: ", ")
            let opened = evidence.admitsOwnAgent.filter(\.value).keys.sorted().joined(separator: " and ")
            let control =
                tried.contains { $0.way == .upgrade } && !opened.isEmpty
                ? "; the rightful leaf got in at \(opened)" : ""
            let unshown =
                (missing.isEmpty ? [] : ["not tried: \(missing.joined(separator: ", "))"])
                + closed.map { "\($0) opens no WebSocket to its own agent either" }
            return Invariant.Finding.noneOf(
                tried.filter { !$0.wasRefused }.map { "\($0.what) by \($0.way.rawValue): \($0.answer)" },
                evidence: "\(tried.count) attempts, each refused: \(answers)\(control)", looked: tried.count,
                otherwise: "not tried"
            ).unless(unshown.isEmpty ? evidence.unseen : unshown)
        }
    }
}
