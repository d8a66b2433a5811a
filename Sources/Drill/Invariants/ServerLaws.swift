import PeerAPI
import Vocabulary

extension Invariant {
    static let serverLaws: [Invariant] = [
        Invariant("T1", "a token is redeemed at most once") { evidence in
            let redeemed = evidence.servers.flatMap { server in
                server.handovers.map { detail in
                    let claims = Evidence.actions(of: detail.summary.id, on: server)
                        .filter { ["Handover.RedemptionRequested", "Handover.TokenRedeemed"].contains($0.action) }
                        .compactMap { $0.additional["redemption"] }
                    return (server.label, detail.summary.id, Set(claims).count)
                }
            }
            return .noneOf(
                redeemed.filter { $0.2 > 1 }.map { "\($0.0) wrote \($0.2) redemptions of \($0.1)" },
                evidence: "\(redeemed.filter { $0.2 == 1 }.count) records of a redemption, one for each side of a handover",
                looked: redeemed.filter { $0.2 == 1 }.count, otherwise: "no token was redeemed in this drill")
        },
        probed("T2", "a token helps nobody without the leaf's private key", by: [.lookalikeLeaf]),
        probed("T3", "a foreign leaf is accepted only by fingerprint and record", by: [.foreignLeaf]),
        Invariant("T4", "each handover of an agent has an epoch one higher than the last") { evidence in
            let issued = evidence.servers.flatMap(\.handovers).filter { $0.summary.role == "source" }
            let byAgent = Dictionary(grouping: issued, by: \.instanceUID)
            let breaches = byAgent.compactMap { uid, handovers -> String? in
                let epochs = handovers.sorted(by: Evidence.isIssuedBefore).map(\.summary.epoch)
                let isRising = zip(epochs, epochs.dropFirst()).allSatisfy { $0 + 1 == $1 }
                return isRising ? nil : "\(uid) has epochs \(epochs)"
            }
            return .noneOf(
                breaches, evidence: "epochs of \(issued.count) handovers of \(byAgent.count) agents rise by one",
                looked: issued.count, otherwise: "no handover was issued in this drill")
        },
        Invariant("T5", "at most one server shows the agent live") { evidence in
            let live = evidence.servers.flatMap { server in
                server.agents.filter { $0.presence == "live" }.map { ($0.instanceUID, server.label) }
            }
            let atTheEnd = Dictionary(grouping: live, by: \.0).filter { $0.value.count > 1 }
                .map { "\($0.key) is live on \($0.value.map(\.1).joined(separator: " and "))" }
            return .noneOf(
                atTheEnd + evidence.watched.doubles,
                evidence: "\(evidence.watched.fleetLooks) looks at all fleets during the drill, and one at the end",
                looked: evidence.watched.fleetLooks, otherwise: "there were never two servers to compare")
        },
        Invariant("T6", "MovedToPeer only on evidence from the target") { evidence in
            var breaches: [String] = []
            var moves = 0
            for source in evidence.servers {
                for done in source.audit where done.action == "Handover.Completed" {
                    moves += 1
                    let arrivals = evidence.servers.filter { $0.label != source.label }.flatMap(\.audit).filter {
                        $0.action == "Handover.AgentArrived" && $0.at <= done.at
                            && $0.additional["handover"] == done.additional["handover"]
                    }
                    if arrivals.isEmpty { breaches.append("\(source.label) completed a handover nobody had arrived by") }
                }
                let marked = source.agents.filter { $0.presence == "moved-to-peer" }.count
                if marked > 0, !source.audit.contains(where: { $0.action == "Handover.Completed" }) {
                    breaches.append("\(source.label) marks \(marked) agents moved and wrote no completion")
                }
            }
            return .noneOf(
                breaches, evidence: "\(moves) moves, each after the target's own record of the arrival", looked: moves,
                otherwise: "no agent was marked as moved in this drill")
        },
        probed(
            "T7", "a federation request needs both factors", by: [.noCertificate, .otherCertificate, .wrongSecret]),
        Invariant("T8", "every change of state has its audit entry") { evidence in
            var breaches = evidence.servers.compactMap { server in
                server.auditVerdict.flatMap { $0.ok ? nil : "\(server.label): \($0.text)" }
            }
            breaches += evidence.servers.flatMap { server in
                server.handovers.compactMap { HandoverTrail.gap(in: $0, on: server) }
            }
            let checked = evidence.servers.filter { $0.auditVerdict != nil }
            let entries = checked.map { "\($0.label) \($0.auditVerdict?.entries ?? 0)" }.joined(separator: ", ")
            if breaches.isEmpty, !evidence.unseen.isEmpty {
                return .notObserved(evidence.unseen.joined(separator: "; "))
            }
            return .noneOf(
                breaches, evidence: "hash chain verified (\(entries) entries), every phase has its entries",
                looked: checked.count, otherwise: "no server's audit could be read")
        },
        Invariant("T9", "no secret in logs, metrics, audit or errors") { evidence in
            let search = evidence.secrets
            return .noneOf(
                search.leaks, evidence: "\(search.canaries) secrets looked for in \(search.texts) texts",
                looked: min(search.canaries, search.texts), otherwise: "this drill has seen no secret")
        },
    ]

    /// Judged by attempts that must be refused; each kind has to have been tried.
    private static func probed(_ id: String, _ statement: String, by kinds: [Evidence.Probe.Kind]) -> Invariant {
        Invariant(id, statement) { evidence in
            let tried = evidence.probes.filter { kinds.contains($0.kind) }
            let breaches = tried.filter { !$0.wasRefused }.map { "\($0.what): \($0.answer)" }
            let missing = kinds.filter { kind in !tried.contains { $0.kind == kind } }
            if breaches.isEmpty, !missing.isEmpty {
                return .notObserved("not tried: \(missing.map(\.rawValue).joined(separator: ", "))")
            }
            let answers = Set(tried.map(\.answer)).sorted().joined(separator: ", ")
            return .noneOf(
                breaches, evidence: "\(tried.count) attempts, each refused: \(answers)", looked: tried.count,
                otherwise: "not tried")
        }
    }
}

/// Which audit entries a handover must have left behind by the time it is in a phase.
enum HandoverTrail {
    private static let source: [String: [String]] = [
        "issued": ["TokenIssued"],
        "redeemed": ["TokenIssued", "TokenRedeemed"],
        "offered": ["TokenIssued", "TokenRedeemed", "OfferSent"],
        "leaving": ["TokenIssued", "TokenRedeemed", "AgentLeaving"],
        "moved": ["TokenIssued", "TokenRedeemed", "Completed"],
        "settled": ["TokenIssued", "TokenRedeemed", "Completed", "Settled"],
        "returned": ["TokenIssued", "TokenRedeemed", "AgentReturned"],
        "expired": ["TokenIssued", "Lapsed"],
        "cancelled": ["TokenIssued", "Cancelled"],
    ]

    private static let target: [String: [String]] = [
        "redeeming": ["RedemptionRequested"],
        "awaiting": ["TokenRedeemed"],
        "connected": ["TokenRedeemed", "AgentConnected"],
        "arrived": ["TokenRedeemed", "AgentConnected", "AgentArrived"],
        "settled": ["TokenRedeemed", "AgentConnected", "AgentArrived", "Settled"],
        "lapsed": ["RedemptionRequested", "Lapsed"],
        "withdrawn": ["RedemptionRequested"],
    ]

    /// What is missing, or nil.
    static func gap(in detail: HandoverDetail, on server: Evidence.Server) -> String? {
        let summary = detail.summary
        let table = summary.role == "source" ? source : target
        guard let required = table[summary.phase] else {
            return "\(server.label): handover \(summary.id) is in an unknown phase \(summary.phase)"
        }
        let written = Set(Evidence.actions(of: summary.id, on: server).map(\.action))
        let missing = required.map { "Handover." + $0 }.filter { !written.contains($0) }
        return missing.isEmpty
            ? nil : "\(server.label): handover \(summary.id) is \(summary.phase) without \(missing.joined(separator: ", "))"
    }
}
