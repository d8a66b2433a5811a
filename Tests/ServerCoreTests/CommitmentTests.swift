import HandoverToken
import ServerCore
import Testing
import Vocabulary

/// When an agent's `APPLIED` means this handover and not one before.
@Suite struct CommitmentTests {
    let stages: HandoverStages

    init() throws { stages = try HandoverStages() }

    private func offered(_ hash: String, _ sequence: Int = 1) -> TargetHandover.Event {
        .noticeReceived(stages.notice(.offered, sequence, facts: ["hash": hash]))
    }

    private func phase(
        after events: [TargetHandover.Event], from start: TargetHandover.Phase = .connected
    ) throws -> TargetHandover.Phase {
        try events.reduce(try stages.target(start)) { try $0.next(after: $1, at: stages.now).state }.phase
    }

    @Test func `an agent that may speak of an earlier offer arrives by the hash of this one`() throws {
        #expect(try phase(after: [offered("05"), .agentCommitted(.applied(hash: [6]))]) == .connected)
        #expect(try phase(after: [offered("05"), .agentCommitted(.applied(hash: [5]))]) == .arrived)
        let signedAgain = [offered("05"), offered("06", 2)]
        for hash: UInt8 in [5, 6] {
            #expect(try phase(after: signedAgain + [.agentCommitted(.applied(hash: [hash]))]) == .arrived)
        }
    }

    @Test func `an agent that is faster than the notice arrives with it`() throws {
        #expect(try phase(after: [.agentCommitted(.applied(hash: [5]))]) == .connected)
        #expect(try phase(after: [.agentCommitted(.applied(hash: [5])), offered("05")]) == .arrived)
        #expect(try phase(after: [.agentCommitted(.applied(hash: [5])), offered("06")]) == .connected)
        let again: [TargetHandover.Event] = [.agentCommitted(.applied(hash: [5])), offered("06"), offered("05", 2)]
        #expect(try phase(after: again) == .arrived)
    }

    @Test func `without a word from the source an agent arrives by staying`() throws {
        #expect(try phase(after: [.agentCommitted(.staying)]) == .connected)
        #expect(try phase(after: [.agentCommitted(.applied(hash: [5])), .agentCommitted(.staying)]) == .arrived)
        let known: [TargetHandover.Event] = [offered("06"), .agentCommitted(.applied(hash: [5]))]
        #expect(try phase(after: known + [.agentCommitted(.staying)]) == .connected)
    }

    @Test func `a later connection, which need not repeat the status, forgets nothing`() throws {
        let events: [TargetHandover.Event] = [
            .agentCommitted(.applied(hash: [5])), .agentDisconnected, .agentConnected,
        ]
        #expect(try phase(after: events + [.agentCommitted(.staying)]) == .arrived)
        #expect(try phase(after: events + [offered("05")]) == .arrived)
        #expect(try phase(after: events + [offered("06")]) == .connected)
    }

    @Test func `an agent that is still here at the deadline has come to stay`() throws {
        let reported = try stages.target(.connected).next(after: .agentCommitted(.applied(hash: [6])), at: stages.now)
        let deadline = stages.now + .seconds(25 * 3600)
        for (isPresent, phase) in [(true, TargetHandover.Phase.arrived), (false, .connected)] {
            #expect(try reported.state.next(after: .wake(agentPresent: isPresent), at: deadline).state.phase == phase)
        }
    }

    /// The simulation found agents that were set back to a time when the target was their server: they have nothing to say
    /// of the offer, and a handover that may have settled does not lapse.
    @Test func `after the deadline an agent arrives by staying`() throws {
        let connected = try stages.target(.connected)
        let deadline = try #require(connected.deadline)
        #expect(
            try connected.next(after: .agentCommitted(.staying), at: deadline - .seconds(1)).state.phase == .connected)
        let arrived = try connected.next(after: .agentCommitted(.staying), at: deadline).state
        #expect(arrived.phase == .arrived && arrived.offerHash == nil)
    }

    /// The simulation found agents whose `APPLIED` was lost, that had settled, and that both servers had let go of.
    @Test func `a target lets nobody go who may have settled: it neither lapses, withdraws nor takes a cancellation`()
        throws
    {
        let connected = try stages.target(.connected)
        let settled = stages.now + connected.claims.probation
        let cancelled = TargetHandover.Event.noticeReceived(
            HandoverNotice(sequence: 1, type: .cancelled, epoch: connected.claims.epoch, at: stages.now))
        let before = settled - .seconds(1)
        #expect(try connected.next(after: .withdrawRequested(reason: nil), at: before).state.phase == .withdrawn)
        #expect(try connected.next(after: cancelled, at: before).state.phase == .withdrawn)
        #expect(throws: HandoverRefusal.mayHaveSettled(sourceRow: connected.claims.agent.row, source: "eu")) {
            try connected.next(after: .withdrawRequested(reason: nil), at: settled)
        }
        let late = try connected.next(after: cancelled, at: settled)
        #expect(late.state.phase == .connected && late.answer != .accepted)
        let away = try connected.next(after: .agentDisconnected, at: settled).state
        for machine in [connected, away] {
            let woken = try machine.next(after: .wake(agentPresent: false), at: stages.now + .seconds(25 * 3600))
            #expect(woken.state.phase == machine.phase)
        }
        let returned = TargetHandover.Event.noticeReceived(
            HandoverNotice(sequence: 1, type: .returned, epoch: connected.claims.epoch, at: stages.now))
        #expect(try away.next(after: returned, at: settled).state.phase == .withdrawn, "the agent's return ends it")
    }

    /// The simulation found an agent that had settled here, and that both servers had let go of.
    @Test func `an operator cannot withdraw from an agent that may have committed`() throws {
        let withdraw = TargetHandover.Event.withdrawRequested(reason: nil)
        #expect(throws: HandoverRefusal.mayHaveSettled(sourceRow: stages.claims.agent.row, source: "eu")) {
            try phase(after: [.agentCommitted(.applied(hash: [5])), withdraw])
        }
        #expect(try phase(after: [.agentCommitted(.applied(hash: [5])), offered("06"), withdraw]) == .withdrawn)
        #expect(try phase(after: [withdraw]) == .withdrawn)
    }

    @Test func `the end of an older session does not hide the arrival in a newer one`() throws {
        for commitment in [Commitment.certain(hash: [5]), .silent] {
            #expect(try phase(after: [.agentDisconnected, .agentCommitted(commitment)]) == .arrived)
        }
    }

    @Test func `the source tells of every offer before it goes out, and of each once`() throws {
        let offered = try stages.source(.offered)
        let another = SignedOffer(content: [1], hash: [6], expiresAt: stages.now + .seconds(9000))
        let signed = try offered.next(after: .offerSigned(another), at: stages.now)
        #expect(signed.notices.map(\.facts) == [["hash": "06"]])
        #expect(try signed.state.next(after: .offerSent, at: stages.now).notices.isEmpty)
        #expect(try signed.state.next(after: .offerSigned(another), at: stages.now).notices.isEmpty)
        let first = SourceHandover.issue(stages.claims, tokenDigest: stages.digest, certificate: .repeat).state
        let redeemed = try first.next(after: [.redeemed(stages.claim), .offerSigned(stages.offer)], at: stages.now)
        #expect(redeemed.notices.map(\.facts) == [["hash": "05"]])
    }

    @Test func `a refused redemption keeps code and reason apart`() throws {
        let refused = try stages.target(.redeeming).next(
            after: .redemptionRefused(code: "handover.expired"), at: stages.now
        ).state
        #expect(refused.refusal == .refusedBySource(code: "handover.expired"))
        #expect(refused.ending == "The token has expired")
        #expect(try stages.target(.withdrawn).refusal == .over(phase: "withdrawn"))
        #expect(try stages.target(.awaiting).refusal == nil)
    }
}
