import ServerCore
import Testing
import Vocabulary

@Suite struct SourceHandoverTests {
    let stages: HandoverStages

    init() throws { stages = try HandoverStages() }

    private var events: [(String, SourceHandover.Event, Timestamp)] {
        let now = stages.now
        let late = now + HandoverTiming.defaultVerification
        return [
            ("claimed", .redeemed(stages.claim), now),
            ("claimed late", .redeemed(stages.claim), now + .seconds(3600)),
            ("offerSigned", .offerSigned(stages.offer), now),
            ("offerSent", .offerSent, now),
            ("pushRequested", .pushRequested, now),
            ("agentConnected", .agentConnected, now),
            ("agentConnected late", .agentConnected, late),
            ("agentLeaving", .agentLeaving, now),
            ("agentDisconnected", .agentDisconnected, now),
            ("agentFailed", .agentFailed(hash: [5], message: "tcp"), now),
            ("agentFailed other", .agentFailed(hash: [6], message: "tcp"), now),
            ("cancelRequested", .cancelRequested(reason: "no"), now),
            ("leafRevoked", .leafRevoked, now),
            ("higherEpochSeen", .higherEpochSeen(4), now),
            ("wake", .wake(agentPresent: true), now),
            ("wake late", .wake(agentPresent: true), now + .seconds(3600)),
        ]
    }

    @Test func `every phase has a stated outcome for every event`() throws {
        var lines: [String] = []
        for phase in SourceHandover.Phase.allCases {
            let handover = try stages.source(phase)
            let notices = NoticeType.allCases.map { type in
                let notice = stages.notice(type, handover.notices.received + 1)
                return ("<\(type.rawValue)>", SourceHandover.Event.noticeReceived(notice), stages.now)
            }
            let outcomes = (events + notices).map { name, event, time in
                let text = outcome(of: handover) { () throws(HandoverRefusal) in
                    try handover.next(after: event, at: time)
                }
                return (name, text)
            }
            lines += table(phase.rawValue, outcomes)
        }
        #expect(lines == sourceTable.split(separator: "\n").map(String.init))
    }

    @Test func `each handover keeps the time for a move that it was issued with`() throws {
        let issued = SourceHandover.issue(
            stages.claims, tokenDigest: stages.digest, certificate: .repeat, verification: .seconds(600)
        ).state
        let path: [SourceHandover.Event] = [.redeemed(stages.claim), .offerSigned(stages.offer), .offerSent]
        let offered = try path.reduce(issued) { try $0.next(after: $1, at: stages.now).state }
        let back = stages.now + .seconds(599)
        #expect(try offered.next(after: .agentConnected, at: back).state.phase == .offered)
        #expect(try offered.next(after: .agentConnected, at: back + .seconds(1)).state.phase == .returned)
    }

    @Test func `a settled agent that says it went back in its probation is taken back`() throws {
        let settled = try stages.source(.settled)
        let step = try settled.next(
            after: .agentFailed(hash: [5], message: "probation: the new server was lost"), at: stages.now)
        #expect(step.state.phase == .returned && step.rows == [.restore(settled.agent)])
        #expect(step.notices.map(\.type) == [.returned])
        let other = try settled.next(after: .agentFailed(hash: [6], message: "probation: lost"), at: stages.now)
        #expect(other.state.phase == .settled)
    }

    @Test func `a failed offer is signed again before it is pushed, and not at once`() throws {
        let settled = try stages.source(.settled)
        let failed = try settled.next(after: .agentFailed(hash: [5], message: "timeout"), at: stages.now)
        #expect(failed.directives == [.wake(at: stages.now + HandoverTiming.defaultVerification)])
        let woken = try failed.state.next(after: .wake(agentPresent: true), at: stages.now)
        guard case .signOffer? = woken.directives.first else {
            Issue.record("\(woken.directives) instead of a new offer")
            return
        }
        #expect(try failed.state.next(after: .wake(agentPresent: false), at: stages.now).directives.isEmpty)
    }

    /// The simulation found agents that polled, had gone without a word and settled at their target, and that their source
    /// took back because it still had their last session.
    @Test func `a session that the agent has left behind is no return`() throws {
        let late = stages.now + HandoverTiming.defaultVerification
        let left = try stages.source(.offered).next(after: .agentLeaving, at: stages.now).state
        #expect(try left.next(after: .wake(agentPresent: true), at: late).state == left)

        let back = try left.next(after: .agentConnected, at: stages.now + .seconds(1))
        #expect(back.directives == [.wake(at: late)])
        #expect(try back.state.next(after: .wake(agentPresent: true), at: late).state.phase == .returned)
        #expect(try back.state.next(after: .wake(agentPresent: false), at: late).state.phase == .leaving)
        let goes: [SourceHandover.Event] = [
            .agentLeaving, .agentDisconnected, .offerSent, .noticeReceived(stages.notice(.connected, 1)),
        ]
        for event in goes {
            let gone = try back.state.next(after: event, at: stages.now + .seconds(2)).state
            #expect(try gone.next(after: .wake(agentPresent: true), at: late).state.phase == .leaving)
        }
    }

    /// The word from the target may be older than the agent's return.
    @Test func `an agent that is here, and is said to be there, is back when a session left behind would have ended`()
        throws
    {
        let left = try stages.source(.offered).next(after: .agentLeaving, at: stages.now).state
        let back = try left.next(after: .agentConnected, at: stages.now + .seconds(1)).state
        let said = stages.now + .seconds(2)
        let doubted = try back.next(after: .noticeReceived(stages.notice(.connected, 1)), at: said)
        let certain = said + HandoverTiming.lingering
        #expect(doubted.state.phase == .leaving && doubted.directives == [.wake(at: certain)])
        #expect(try doubted.state.next(after: .wake(agentPresent: true), at: certain).state.phase == .returned)
        #expect(try doubted.state.next(after: .wake(agentPresent: false), at: certain).state.phase == .leaving)
        #expect(try doubted.state.next(after: .agentConnected, at: certain).state.phase == .returned)
    }

    @Test(arguments: SourceHandover.Phase.allCases)
    func `a handover that has ended recalls its offers`(phase: SourceHandover.Phase) throws {
        let machine = try stages.source(phase)
        let hasEnded = [.expired, .cancelled, .returned].contains(phase)
        #expect(machine.hasRecalled([5]) == hasEnded)
        #expect(!machine.hasRecalled([6]), "another's")
    }

    @Test func `an agent that was seen here again has not arrived there after all`() throws {
        let cancelled = try stages.source(.leaving).next(after: .cancelRequested(reason: nil), at: stages.now).state
        #expect(cancelled.concernsAgent && !cancelled.phase.isOpen)
        let late = stages.now + HandoverTiming.defaultVerification
        let events: [SourceHandover.Event] = [.agentConnected, .agentFailed(hash: [5], message: "tcp")]
        for event in events {
            let here = try cancelled.next(after: event, at: late).state
            let arrived = stages.notice(.arrived, here.notices.received + 1)
            #expect(try here.next(after: .noticeReceived(arrived), at: late).state.phase == .cancelled)
            #expect(!here.concernsAgent)
        }
    }

    @Test func `an arrival beats a cancellation, but not one by revocation or by a later handover`() throws {
        let cases: [(SourceHandover.Event, SourceHandover.Phase)] = [
            (.cancelRequested(reason: nil), .moved), (.leafRevoked, .cancelled), (.higherEpochSeen(9), .cancelled),
        ]
        for (event, ending) in cases {
            let over = try stages.source(.leaving).next(after: event, at: stages.now).state
            #expect(over.phase == .cancelled)
            let arrived = stages.notice(.arrived, over.notices.received + 1)
            let step = try over.next(after: .noticeReceived(arrived), at: stages.now)
            #expect(step.state.phase == ending)
            #expect(ending != .moved || step.answer == .accepted && step.state.ending == nil)
            // Otherwise it would concern the agent for ever, and no settings would be offered beside it.
            #expect(ending != .moved || step.state.mayStillArrive == nil)
        }
    }
}
