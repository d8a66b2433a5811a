import HandoverToken
import TestValues
import Vocabulary

@testable import ServerCore

/// One source, one target, one agent and a network that loses, repeats and delays, under a seeded order of events.
struct HandoverSchedule {
    struct Random {
        var state: UInt64

        mutating func next(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return Int((mixed ^ mixed >> 31) % UInt64(bound))
        }
    }

    enum Place { case atSource, atTarget, between }

    let stages: HandoverStages
    var random: Random
    var now: Timestamp
    var source: SourceHandover
    var target: TargetHandover
    var sourceOutbox: [HandoverNotice] = []
    var targetOutbox: [HandoverNotice] = []
    var claims: [RedemptionID] = []
    var redemptions: Set<RedemptionID> = []
    /// The server whose settings are the agent's active ones, and the one it is connected to.
    var home = Place.atSource
    var connected = Place.atSource
    var offered: SignedOffer?
    var failed: [[UInt8]] = []
    var offerCount: UInt8 = 0
    /// Set while the agent may still go back.
    var probation = false
    var trace: [String] = []

    init(seed: UInt64) throws {
        stages = try HandoverStages()
        random = Random(state: seed)
        now = stages.now
        source = try stages.source(.issued)
        target = try stages.target(.previewed)
    }

    var sourceAccepts: Bool { source.phase != .moved && source.phase != .settled }
    var targetIsLive: Bool { target.phase == .arrived || target.phase == .settled }

    mutating func chance(_ percent: Int) -> Bool { random.next(100) < percent }

    // MARK: - Steps

    @discardableResult
    mutating func feed(_ event: SourceHandover.Event) -> SourceHandover.Step? {
        guard let step = try? source.next(after: event, at: now) else { return nil }
        if step.state.phase != source.phase { trace.append("source \(step.state.phase) after \(name(of: event))") }
        source = step.state
        sourceOutbox += step.notices
        // A crash between saving and acting: the directives are lost and the saved state is asked instead.
        for directive in chance(10) ? source.resume(at: now) : step.directives { carryOut(directive) }
        return step
    }

    @discardableResult
    mutating func feed(_ event: TargetHandover.Event) -> TargetHandover.Step? {
        guard let step = try? target.next(after: event, at: now) else { return nil }
        if step.state.phase != target.phase { trace.append("target \(step.state.phase) after \(name(of: event))") }
        target = step.state
        targetOutbox += step.notices
        for directive in chance(10) ? target.resume(at: now) : step.directives { carryOut(directive) }
        return step
    }

    mutating func carryOut(_ directive: HandoverDirective) {
        switch directive {
        case .signOffer(let claims):
            offerCount += 1
            feed(.offerSigned(SignedOffer(content: [1], hash: [offerCount], expiresAt: claims.expiresAt)))
        case .pushOffer(let offer):
            guard connected == .atSource else { return }
            offered = offer
            feed(.offerSent)
        case .sendRedemption(let redemption, _): claims.append(redemption)
        case .askSource:
            if chance(70) { feed(.sourceAnswered(phase: source.phase, redemption: source.redemption)) }
        case .closeSessions, .askPeers, .wake: break
        }
    }

    /// One thing happens; `calm` leaves out faults and operators.
    mutating func step(calm: Bool) {
        switch random.next(calm ? 7 : 12) {
        case 0: deliverClaim(losing: calm ? 0 : 30)
        case 1: deliverToTarget(losing: calm ? 0 : 30)
        case 2: deliverToSource(losing: calm ? 0 : 30)
        case 3, 4: moveAgent(failing: calm ? 0 : 25)
        case 5: reconnect()
        case 6:
            now = now + .seconds(Int64(random.next(90)))
            feed(SourceHandover.Event.wake(agentPresent: connected == .atSource))
            feed(TargetHandover.Event.wake(agentPresent: connected == .atTarget))
        case 7: if target.phase == .previewed { feed(.redeemRequested(stages.redemption)) }
        case 8:
            // A rival claim of the same token.
            claims.append(.init(repeating: 0x31))
        case 9: if chance(10) { feed(.cancelRequested(reason: nil)) }
        case 10: if chance(30) { feed(.withdrawRequested(reason: nil)) }
        default: connected = .between
        }
    }

    mutating func deliverClaim(losing percent: Int) {
        guard !claims.isEmpty else { return }
        let index = random.next(claims.count)
        let redemption = claims[index]
        if !chance(20) { claims.remove(at: index) }
        if chance(percent) { return }
        var claim = stages.claim
        claim.redemption = redemption
        let honoured: Bool
        var refusal = ""
        do throws(HandoverRefusal) {
            _ = try source.next(after: .redeemed(claim), at: now)
            honoured = feed(.redeemed(claim)) != nil
        } catch {
            honoured = false
            refusal = error.operatorMessage.code
        }
        if honoured { redemptions.insert(redemption) }
        guard redemption == target.redemption?.id else { return }
        feed(
            chance(percent) ? .redemptionUnanswered : honoured ? .redemptionAccepted : .redemptionRefused(code: refusal)
        )
    }

    mutating func deliverToTarget(losing percent: Int) {
        // Mostly the oldest; sometimes a later one comes first.
        guard let notice = chance(percent) ? sourceOutbox.randomElement(&random) : sourceOutbox.first else { return }
        if chance(percent) { return }
        guard let answer = feed(TargetHandover.Event.noticeReceived(notice))?.answer else { return }
        if chance(percent) { return }
        switch answer {
        case .accepted, .duplicate, .refused: sourceOutbox.removeAll { $0.sequence == notice.sequence }
        case .gap: break
        }
    }

    mutating func deliverToSource(losing percent: Int) {
        guard let notice = chance(percent) ? targetOutbox.randomElement(&random) : targetOutbox.first else { return }
        if chance(percent) { return }
        guard let answer = feed(SourceHandover.Event.noticeReceived(notice))?.answer else { return }
        if chance(percent) { return }
        switch answer {
        case .accepted, .duplicate: targetOutbox.removeAll { $0.sequence == notice.sequence }
        case .refused:
            targetOutbox.removeAll { $0.sequence == notice.sequence }
            feed(TargetHandover.Event.noticeRefused(notice.type))
        case .gap: break
        }
    }

    // MARK: - The agent

    /// The agent takes up an offer, goes on with a move, or gives one up.
    mutating func moveAgent(failing percent: Int) {
        if home == .atSource, let offer = offered, !failed.contains(offer.hash) {
            if connected == .atSource, !chance(percent) { feed(SourceHandover.Event.agentLeaving) }
            connected = .between
            guard target.phase.admitsLeaf, !chance(percent) else { return giveUp(offer) }
            feed(TargetHandover.Event.agentConnected)
            if chance(percent) {
                feed(TargetHandover.Event.agentDisconnected)
                return giveUp(offer)
            }
            (home, connected, probation) = (.atTarget, .atTarget, true)
            if !chance(percent) { feed(.agentCommitted(.applied(hash: offer.hash))) }
        } else if home == .atTarget, probation, !target.phase.admitsLeaf, let offer = offered {
            // Lost for the whole probation.
            home = .atSource
            giveUp(offer)
        }
    }

    mutating func giveUp(_ offer: SignedOffer) {
        failed.append(offer.hash)
        probation = false
        offered = nil
        connected = .atSource
        feed(.agentFailed(hash: offer.hash, message: "timeout"))
        feed(SourceHandover.Event.agentConnected)
    }

    mutating func reconnect() {
        switch home {
        case .atSource:
            connected = .atSource
            if let last = failed.last { feed(.agentFailed(hash: last, message: "timeout")) }
            feed(SourceHandover.Event.agentConnected)
        case .atTarget:
            guard target.phase.admitsLeaf else { return }
            connected = .atTarget
            feed(TargetHandover.Event.agentConnected)
            feed(.agentCommitted(offered.map { .applied(hash: $0.hash) } ?? .silent))
            feed(.agentCommitted(.staying))
        case .between: break
        }
    }
}

extension Array {
    fileprivate func randomElement(_ random: inout HandoverSchedule.Random) -> Element? {
        isEmpty ? nil : self[random.next(count)]
    }
}
