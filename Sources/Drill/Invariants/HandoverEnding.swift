import ServerAPI
import Vocabulary

/// How a handover came out, by what both sides say of it at the end.
enum HandoverEnding: Hashable {
    case arrived, returned
    /// Not ended yet, or one side contradicts the other; with what they say.
    case open(String), torn(String)

    /// - Parameter sides: a side that was restored from a backup may know nothing of it.
    init(_ sides: [(label: String, detail: HandoverDetail)]) {
        let said = sides.map { "\($0.detail.summary.phase) on \($0.label)" }.joined(separator: ", ")
        let endings = sides.map { $0.detail.summary.phase.known.flatMap(Self.ending) }
        if Set(endings.compactMap { $0 }).count > 1 {
            self = .torn(said)
        } else if let ending = endings.first ?? nil, !endings.contains(nil) {
            self = ending
        } else {
            self = .open(said)
        }
    }

    /// What one side says; `nil` where the handover goes on. `arrived` and `withdrawn` are said by a target only, `moved`
    /// and `returned` by a source only.
    private static func ending(in phase: HandoverPhase) -> HandoverEnding? {
        switch phase {
        case .moved, .arrived, .settled: .arrived
        case .returned, .cancelled, .expired, .withdrawn, .lapsed: .returned
        case .issued, .redeemed, .offered, .leaving, .previewed, .redeeming, .awaiting, .connected: nil
        }
    }

    /// Every redeemed token led to an end that both sides agree on, and each agent is where its last one left it.
    static func judge(_ evidence: Evidence) -> Invariant.Finding {
        var (ended, open, breaches): (Int, [String], [String]) = (0, [], [])
        var homes: [InstanceUID: (epoch: Epoch, label: String)] = [:]
        for (id, sides) in evidence.sidesOfHandovers {
            guard let detail = sides.first?.detail, evidence.wasRedeemed(id) else { continue }
            let ending = HandoverEnding(sides)
            switch ending {
            case .open(let said): open.append("handover \("\(id)".prefix(8)) has not ended: \(said)")
            case .torn(let said): breaches.append("handover \("\(id)".prefix(8)) is \(said)")
            case .arrived, .returned:
                ended += 1
                let role: HandoverRole = ending == .arrived ? .target : .source
                let epoch = detail.summary.epoch
                guard epoch >= homes[detail.instanceUID]?.epoch ?? 0,
                    let home = sides.first(where: { $0.detail.summary.role == role })?.label
                else { continue }
                homes[detail.instanceUID] = (epoch, home)
            }
        }
        for agent in evidence.agents {
            guard let uid = agent.enrolled?.instanceUID, let home = homes[uid] else { continue }
            guard let seen = agent.atTheEnd?.active.endpoint else {
                open.append("the state of \(agent.name) could not be read at the end")
                continue
            }
            let expected = evidence.endpoints[home.label]
            if expected.map({ !$0.isSamePlace(as: seen) }) ?? true {
                breaches.append("\(agent.name) is at \(seen), and its last handover left it on \(home.label)")
            }
        }
        return Invariant.Finding.noneOf(
            breaches, evidence: "\(ended) handovers ended, both sides agree, and each agent is where that left it",
            looked: ended, otherwise: open.first ?? "no token was redeemed in this drill"
        ).unless(open)
    }
}

extension Evidence {
    fileprivate var sidesOfHandovers: [(HandoverID, [(label: String, detail: HandoverDetail)])] {
        let sides = servers.flatMap { server in server.handovers.map { (label: server.label, detail: $0) } }
        return Dictionary(grouping: sides, by: \.detail.summary.id).sorted { "\($0.key)" < "\($1.key)" }
            .map { ($0.key, $0.value) }
    }

    fileprivate func wasRedeemed(_ id: HandoverID) -> Bool {
        servers.contains { server in
            Self.actions(of: id, on: server).contains { $0.action == .tokenRedeemed }
        }
    }
}
