import Certificates
import Foundation
import HandoverToken
import TestValues
import Testing
import Vocabulary

@testable import ServerCore

@Suite struct NoticeOrderTests {
    let stages: HandoverStages

    init() throws { stages = try HandoverStages() }

    private func answer(_ handover: SourceHandover, _ notice: HandoverNotice) throws -> NoticeAnswer? {
        try handover.next(after: .noticeReceived(notice), at: stages.now).answer
    }

    @Test func `notices are taken in order, once`() throws {
        let offered = try stages.source(.offered)
        #expect(try answer(offered, stages.notice(.arrived, 2)) == .gap(last: 0))
        let leaving = try offered.next(after: .noticeReceived(stages.notice(.connected, 1)), at: stages.now).state
        #expect(try answer(leaving, stages.notice(.connected, 1)) == .duplicate)
        #expect(try answer(leaving, stages.notice(.arrived, 2)) == .accepted)
        #expect(try answer(leaving, stages.notice(.settled, 3)) == .gap(last: 1))
    }

    @Test func `a refused notice is counted and refused again when it is repeated`() throws {
        let returned = try stages.source(.returned)
        let step = try returned.next(after: .noticeReceived(stages.notice(.arrived)), at: stages.now)
        guard case .refused = step.answer else {
            Issue.record("an arrival after the return was taken")
            return
        }
        #expect(step.state.notices.received == 1)
        guard case .refused = try answer(step.state, stages.notice(.arrived)) else {
            Issue.record("the repetition was told otherwise")
            return
        }
    }

    @Test func `a peer cannot make the record and the trail grow at will`() throws {
        var handover = try stages.source(.returned)
        var entries = 0
        for number in 1...(3 * NoticeLedger.mostRefused) {
            let notice = stages.notice(.arrived, handover.notices.received + 1)
            let step = try handover.next(after: .noticeReceived(notice), at: stages.now)
            guard case .refused = step.answer else {
                Issue.record("notice \(number) was answered \(String(describing: step.answer))")
                return
            }
            entries += step.audit.count
            handover = step.state
        }
        #expect(handover.notices.refused.count == NoticeLedger.mostRefused && entries == NoticeLedger.mostRefused)
    }

    @Test func `a notice of another epoch is refused`() throws {
        var notice = stages.notice(.arrived)
        notice.epoch = 2
        #expect(try answer(try stages.source(.offered), notice) == .refused(.staleEpoch(2, known: 3)))
    }

    @Test func `each party takes only what the other may send`() {
        for type in NoticeType.allCases {
            let bySource = SourceHandover.Phase.allCases.contains { SourceHandover.accepts(type, in: $0) }
            let byTarget = TargetHandover.Phase.allCases.contains { TargetHandover.accepts(type, in: $0) }
            let isTargets = [.connected, .arrived, .settled, .lapsed].contains(type)
            #expect(bySource == isTargets && byTarget == !isTargets, "\(type)")
        }
    }

    @Test func `a redemption is accepted once, and again with the same identifier`() throws {
        for phase in [SourceHandover.Phase.redeemed, .offered, .leaving, .moved, .settled] {
            let handover = try stages.source(phase)
            let late = stages.now + .seconds(7200)
            #expect(try handover.next(after: .redeemed(stages.claim), at: late).state == handover)
            var rival = stages.claim
            rival.redemption = .init(repeating: 0x31)
            #expect(throws: HandoverRefusal.alreadyRedeemed) { try handover.next(after: .redeemed(rival), at: late) }
        }
    }

    static let spoilt: [(HandoverRefusal, @Sendable (inout TokenRedemption) -> Void)] = [
        (.unknownHandover(.init(repeating: 1)), { $0.peer = PeerWorld.shared.stranger.id }),
        (.unknownHandover(.init(repeating: 1)), { $0.tokenDigest = [1] }),
        (.leafChanged(inToken: leaf, present: nil), { $0.leaf = nil }),
        (.leafChanged(inToken: leaf, present: other), { $0.leaf = other }),
        (.leafRevoked(leaf), { $0.leafRevoked = true }),
        (.staleEpoch(3, known: 4), { $0.epoch = 4 }),
    ]
    private static let leaf = PeerWorld.shared.leaf.fingerprint
    private static let other = PeerWorld.shared.us.federation.fingerprint

    @Test(arguments: spoilt.indices)
    func `a claim that does not fit the source's records is refused by name`(index: Int) throws {
        var claim = stages.claim
        Self.spoilt[index].1(&claim)
        let issued = try stages.source(.issued)
        #expect(throws: Self.spoilt[index].0) { try issued.next(after: .redeemed(claim), at: stages.now) }
    }

    @Test func `an offer whose token has run out is signed again and the agent may speak of either`() throws {
        let later = stages.now + .seconds(3600)
        let redeemed = try stages.source(.redeemed)
        let step = try redeemed.next(after: .agentConnected, at: later)
        guard case .signOffer(let claims)? = step.directives.first else {
            Issue.record("an expired token was pushed")
            return
        }
        #expect(claims.id == stages.claims.id && claims.epoch == 3 && claims.issuedAt == later)
        let again = SignedOffer(content: [1], hash: [6], expiresAt: claims.expiresAt)
        let signed = try step.state.next(after: .offerSigned(again), at: later).state
        for hash: [UInt8] in [[5], [6]] {
            let back = try signed.next(after: .agentFailed(hash: hash, message: "tcp"), at: later)
            #expect(back.state.phase == .returned)
        }
    }

    @Test func `a saved handover is read back as it was`() throws {
        for phase in SourceHandover.Phase.allCases {
            let handover = try stages.source(phase)
            let bytes = try JSONEncoder().encode(handover)
            #expect(try JSONDecoder().decode(SourceHandover.self, from: bytes) == handover)
        }
        for phase in TargetHandover.Phase.allCases {
            let handover = try stages.target(phase)
            let bytes = try JSONEncoder().encode(handover)
            #expect(try JSONDecoder().decode(TargetHandover.self, from: bytes) == handover)
        }
    }

    /// One character may consist of a million scalars, and a control character could speak to a terminal.
    @Test func `what a peer says in a notice is cut and made printable`() {
        let said = "a" + String(repeating: "\u{301}", count: 1_000_000) + "\u{1B}[2J"
        let kept = stages.notice(.returned, facts: ["reason": said, "short": "\u{1B}[2J"]).facts
        #expect(kept["reason"]?.unicodeScalars.count == HandoverNotice.longestFact)
        #expect(kept["short"] == "?[2J")
    }
}
