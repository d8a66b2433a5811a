import PeerCore
import Testing
import Vocabulary

@Suite struct TargetHandoverTests {
    let stages: HandoverStages

    init() throws { stages = try HandoverStages() }

    private var events: [(String, TargetHandover.Event, Timestamp)] {
        let now = stages.now
        let other = Redemption(
            id: PeerWorld.identity(0x31), row: PeerWorld.identity(0x32), reusesRow: false, group: nil,
            configuration: nil)
        let mine = stages.redemption.id
        return [
            ("redeemRequested", .redeemRequested(stages.redemption), now),
            ("redeemRequested late", .redeemRequested(stages.redemption), now + .seconds(3600)),
            ("redeemRequested other", .redeemRequested(other), now),
            ("claimAccepted", .claimAccepted, now),
            ("claimRefused", .claimRefused(code: "handover.expired"), now),
            ("claimUnanswered", .claimUnanswered, now),
            ("source issued", .sourceAnswered(phase: .issued, redemption: nil), now),
            ("source issued late", .sourceAnswered(phase: .issued, redemption: nil), now + .seconds(3600)),
            ("source redeemed", .sourceAnswered(phase: .redeemed, redemption: mine), now),
            ("source redeemed other", .sourceAnswered(phase: .redeemed, redemption: other.id), now),
            ("source returned", .sourceAnswered(phase: .returned, redemption: mine), now),
            ("agentConnected", .agentConnected, now),
            ("agentConnected late", .agentConnected, now + .seconds(300)),
            ("agentCommitted", .agentCommitted(hash: [5]), now),
            ("agentDisconnected", .agentDisconnected, now),
            ("noticeRefused arrived", .noticeRefused(.arrived), now),
            ("noticeRefused connected", .noticeRefused(.connected), now),
            ("withdrawRequested", .withdrawRequested(reason: "no"), now),
            ("higherEpochSeen", .higherEpochSeen(4), now),
            ("wake", .wake(agentPresent: true), now),
            ("wake after exp", .wake(agentPresent: true), now + .seconds(3600)),
            ("wake after exp, agent gone", .wake(agentPresent: false), now + .seconds(3600)),
            ("wake after deadline", .wake(agentPresent: true), now + .seconds(25 * 3600)),
        ]
    }

    @Test func `every phase has a stated outcome for every event`() throws {
        var lines: [String] = []
        for phase in TargetHandover.Phase.allCases {
            let handover = try stages.target(phase)
            let notices = NoticeType.allCases.map { type in
                let notice = stages.notice(type, handover.notices.received + 1)
                return ("<\(type.rawValue)>", TargetHandover.Event.noticeReceived(notice), stages.now)
            }
            let outcomes = (events + notices).map { name, event, time in
                let text = outcome(of: handover) { () throws(HandoverRefusal) in
                    try handover.next(after: event, at: time)
                }
                return (name, text)
            }
            lines += table(phase.rawValue, outcomes)
        }
        #expect(lines == targetTable.split(separator: "\n").map(String.init))
    }
}
