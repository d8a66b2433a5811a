import ServerCore
import TestValues
import Testing
import Vocabulary

@Suite struct TargetHandoverTests {
    let stages: HandoverStages

    init() throws { stages = try HandoverStages() }

    private var events: [(String, TargetHandover.Event, Timestamp)] {
        let now = stages.now
        let other = Redemption(
            id: .init(repeating: 0x31), row: .init(repeating: 0x32), reusesRow: false, group: nil,
            configuration: nil)
        let mine = stages.redemption.id
        return [
            ("redeemRequested", .redeemRequested(stages.redemption), now),
            ("redeemRequested late", .redeemRequested(stages.redemption), now + .seconds(3600)),
            ("redeemRequested other", .redeemRequested(other), now),
            ("redemptionAccepted", .redemptionAccepted, now),
            ("redemptionRefused", .redemptionRefused(code: "handover.expired"), now),
            ("redemptionUnanswered", .redemptionUnanswered, now),
            ("source issued", .sourceAnswered(phase: .issued, redemption: nil), now),
            ("source issued late", .sourceAnswered(phase: .issued, redemption: nil), now + .seconds(3600)),
            ("source redeemed", .sourceAnswered(phase: .redeemed, redemption: mine), now),
            ("source redeemed other", .sourceAnswered(phase: .redeemed, redemption: other.id), now),
            ("source returned", .sourceAnswered(phase: .returned, redemption: mine), now),
            ("agentConnected", .agentConnected, now),
            ("agentConnected late", .agentConnected, now + .seconds(300)),
            ("agentCommitted", .agentCommitted(.certain(hash: [5])), now),
            ("agentCommitted by another offer", .agentCommitted(.applied(hash: [6])), now),
            ("agentCommitted silently", .agentCommitted(.silent), now),
            ("agentCommitted by staying", .agentCommitted(.staying), now),
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

    @Test func `an agent is waited for as long as the redemption says`() throws {
        var redemption = stages.redemption
        redemption.arrivalTime = .seconds(90)
        let path: [TargetHandover.Event] = [.redeemRequested(redemption), .redemptionAccepted]
        let awaiting = try path.reduce(try stages.target(.previewed)) { try $0.next(after: $1, at: stages.now).state }
        let last = stages.now + .seconds(89)
        #expect(try awaiting.next(after: .wake(agentPresent: false), at: last).state.phase == .awaiting)
        let over = try awaiting.next(after: .wake(agentPresent: false), at: last + .seconds(1))
        #expect(over.state.phase == .lapsed)
    }

    @Test func `a deadline does not end a trial that is under way`() throws {
        var redemption = stages.redemption
        redemption.arrivalTime = .seconds(90)
        let path: [TargetHandover.Event] = [.redeemRequested(redemption), .redemptionAccepted]
        let awaiting = try path.reduce(try stages.target(.previewed)) { try $0.next(after: $1, at: stages.now).state }
        let connectedAt = stages.now + .seconds(89)
        let connected = try awaiting.next(after: .agentConnected, at: connectedAt).state
        let over = connectedAt + HandoverTiming.defaultVerification
        for isPresent in [true, false] {
            let due = try connected.next(after: .wake(agentPresent: isPresent), at: connectedAt + .seconds(1))
            #expect(due.state.phase == .connected && due.directives == [.wake(at: over)])
            #expect(try due.state.next(after: .wake(agentPresent: isPresent), at: over).state.phase == .lapsed)
        }
        let gone = try connected.next(after: .agentDisconnected, at: connectedAt).state
        let due = try gone.next(after: .wake(agentPresent: false), at: connectedAt + .seconds(1))
        #expect(due.state.phase == .lapsed, "nobody is tried")
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
