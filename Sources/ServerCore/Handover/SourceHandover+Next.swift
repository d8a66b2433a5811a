import HandoverToken
import OpAMPProto
package import Vocabulary

extension SourceHandover {
    /// Decides on one event; see `HandoverStep` for what the shell does with the answer.
    ///
    /// - Throws: `HandoverRefusal` when the event is a request that this phase does not allow. Facts about the agent
    ///   never throw: those that mean nothing in a phase leave it unchanged.
    package func next(after event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        if case .noticeReceived(let notice) = event { return taking(notice, at: now) }
        switch phase {
        case .issued: return try whileIssued(event, at: now)
        case .redeemed, .offered, .leaving: return try whileOpen(event, at: now)
        case .moved: return try whileMoved(event, at: now)
        case .settled: return try whileSettled(event, at: now)
        case .expired, .cancelled, .returned: return try whenOver(event, at: now)
        }
    }

    private func whileIssued(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemed(let claim):
            try check(claim)
            guard now < claims.expiresAt else { throw .expired(at: claims.expiresAt) }
            step.state.redemption = claim.redemption
            step.enter(.redeemed, .tokenRedeemed, ["redemption": claim.redemption.description])
            step.directives = [step.state.push(at: now)]
        case .pushRequested: throw .notRedeemed
        case .cancelRequested(let reason):
            step.end(.cancelled, .cancelled, because: reason ?? "an operator cancelled it")
        case .leafRevoked: step.end(.cancelled, .cancelled, because: "the leaf was revoked")
        case .higherEpochSeen(let epoch): supersede(&step, by: epoch, at: now)
        case .wake:
            if now >= claims.expiresAt {
                step.end(.expired, .lapsed, because: "the token was not redeemed in time")
            } else {
                step.directives = [.wake(at: claims.expiresAt)]
            }
        case .offerSigned, .offerSent, .agentConnected, .agentLeaving, .agentDisconnected, .agentFailed,
            .noticeReceived:
            break
        }
        return step
    }

    private func whileOpen(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemed(let claim): try repeated(claim)
        case .offerSigned(let offer):
            step.push(offer, at: now)
            // Before it is sent: the target must know this offer from an older one that the agent may speak of, even if
            // this server dies over sending it.
            step.tellOffer(at: now)
        case .offerSent:
            step.state.isBack = nil
            step.offered(at: now)
        case .pushRequested:
            step.record(.pushRequested)
            step.directives = [push(at: now)]
        case .agentConnected: connected(&step, at: now)
        case .agentLeaving:
            step.state.isLeft = true
            step.state.isBack = nil
            // An agent can be faster than the word that the offer was sent.
            if phase == .redeemed { step.offered(at: now) }
            if phase != .leaving { step.leave(at: now) }
        case .agentDisconnected:
            step.state.isBack = nil
            if phase == .offered { step.leave(at: now) }
        case .agentFailed(let hash, let message):
            if offerHashes.contains(hash) { step.takeBack(because: message, at: now) }
        case .cancelRequested(let reason):
            step.tell(.cancelled, at: now, reason.map { ["reason": $0] } ?? [:])
            step.state.mayStillArrive = true
            step.end(.cancelled, .cancelled, because: reason ?? "an operator cancelled it")
        case .leafRevoked:
            step.tell(.leafRevoked, at: now)
            step.end(.cancelled, .cancelled, because: "the leaf was revoked")
        case .higherEpochSeen(let epoch): supersede(&step, by: epoch, at: now)
        case .wake(let agentPresent):
            if phase == .leaving, agentPresent, isBack == true { connected(&step, at: now) }
        case .noticeReceived: break
        }
        return step
    }

    private func whileMoved(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemed(let claim): try repeated(claim)
        case .offerSigned(let offer): step.push(offer, at: now)
        case .agentFailed(let hash, let message):
            if offerHashes.contains(hash) { step.takeBack(because: message, at: now) }
        case .pushRequested: throw .alreadyMoved(to: claims.target.name)
        case .agentConnected: step.directives = [push(at: now)]
        case .cancelRequested: throw .alreadyMoved(to: claims.target.name)
        case .leafRevoked: step.tell(.leafRevoked, at: now)
        case .higherEpochSeen(let epoch):
            if epoch > claims.epoch {
                step.enter(.settled, .settled, ["reason": "a later handover takes precedence"])
                step.rows = [.raiseEpoch(agent, to: epoch)]
            }
        case .offerSent, .agentLeaving, .agentDisconnected, .wake, .noticeReceived: break
        }
        return step
    }

    /// The old leaf is answered with the way home - unless the agent says that it went back before it had settled.
    private func whileSettled(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemed(let claim): try repeated(claim)
        case .offerSigned(let offer): step.push(offer, at: now)
        case .agentConnected:
            // After a failure the next offer takes its time, or the agent would go to and fro without a pause.
            let pause = offer == nil ? returnsFrom.flatMap { now < $0 ? $0 : nil } : nil
            step.directives = [pause.map { .wake(at: $0) } ?? push(at: now)]
        case .agentFailed(let hash, let message):
            // The target saw a session that was dead already; the agent's own word about its probation counts.
            if isGivenBack(by: hash, saying: message) {
                step.takeBack(because: message, at: now)
                break
            }
            // The same offer would get the same answer for ever (protocol section 3); another one is made, in time.
            if offer?.hash == hash {
                step.state.offer = nil
                step.state.returnsFrom = now + verification
            }
            step.directives = [.wake(at: now + verification)]
        case .wake(let agentPresent): if agentPresent, offer == nil { step.directives = [push(at: now)] }
        case .cancelRequested, .pushRequested: throw .alreadyMoved(to: claims.target.name)
        case .offerSent, .agentLeaving, .agentDisconnected, .leafRevoked, .higherEpochSeen, .noticeReceived: break
        }
        return step
    }

    /// Whether the agent, which had gone, says that it is back.
    ///
    /// - Parameters:
    ///   - hash: of the offer that it reports as `FAILED`.
    ///   - message: what it says of that.
    package func isGivenBack(by hash: [UInt8], saying message: String) -> Bool {
        switch phase {
        case .moved: offerHashes.contains(hash)
        case .settled: offerHashes.contains(hash) && message.hasPrefix(MoveCause.probation.code)
        case .issued, .redeemed, .offered, .leaving, .expired, .cancelled, .returned: false
        }
    }

    private func whenOver(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        switch event {
        case .redeemed(let claim):
            try check(claim)
            throw phase == .expired ? .expired(at: claims.expiresAt) : .cancelled(phase: phase.rawValue)
        case .pushRequested, .cancelRequested: throw .over(phase: phase.rawValue)
        case .agentConnected:
            return now >= returnsFrom ?? now ? staying(at: now) : Step(self)
        case .agentFailed(let hash, _):
            return offerHashes.contains(hash) ? staying(at: now) : Step(self)
        case .leafRevoked:
            // A target that refused the cancellation still waits: nobody may come with this leaf.
            var step = Step(self)
            guard mayStillArrive == true else { return step }
            step.state.mayStillArrive = nil
            step.tell(.leafRevoked, at: now)
            return step
        case .offerSigned, .offerSent, .agentLeaving, .agentDisconnected, .higherEpochSeen, .wake, .noticeReceived:
            return Step(self)
        }
    }

    /// The agent of a cancelled handover is here: a later notice of its arrival no longer counts, and a target that
    /// refused the cancellation as too late learns that it may withdraw.
    private func staying(at now: Timestamp) -> Step {
        var step = Step(self)
        guard mayStillArrive == true else { return step }
        step.state.mayStillArrive = nil
        step.tell(.returned, at: now, ["reason": "the agent is back at the source, which had cancelled the handover"])
        return step
    }

    /// An accepted redemption is accepted again, for the same redemption identifier.
    private func repeated(_ claim: TokenRedemption) throws(HandoverRefusal) {
        guard claim.peer == claims.audience, claim.tokenDigest == tokenDigest else { throw .unknownHandover(id) }
        guard claim.redemption == redemption else { throw .alreadyRedeemed }
    }

    private func check(_ claim: TokenRedemption) throws(HandoverRefusal) {
        guard claim.peer == claims.audience, claim.tokenDigest == tokenDigest else { throw .unknownHandover(id) }
        guard let leaf = claim.leaf, leaf == claims.leaf else {
            throw .leafChanged(inToken: claims.leaf, present: claim.leaf)
        }
        guard !claim.leafRevoked else { throw .leafRevoked(leaf) }
        guard claim.epoch <= claims.epoch else { throw .staleEpoch(claims.epoch, known: claim.epoch) }
    }

    private func connected(_ step: inout Step, at now: Timestamp) {
        guard phase != .redeemed, let returnsFrom else {
            step.directives = [push(at: now)]
            return
        }
        if phase == .leaving, isLeft != true, saysWhenItGoes {
            // It ended its session as any agent does that is restarted, and has never taken up the offer.
            step.directives = [push(at: now)]
        } else if now >= returnsFrom {
            step.takeBack(because: "it connected here again after the time for its move", at: now)
        } else if phase == .offered {
            step.directives = [push(at: now)]
        } else {
            step.state.isBack = true
            step.directives = [.wake(at: returnsFrom)]
        }
    }

    /// An agent that reports the status of its settings goes only after it has said so.
    private var saysWhenItGoes: Bool {
        AgentCapabilities(rawValue: claims.agent.capabilities).contains(.reportsConnectionSettingsStatus)
    }

    private func supersede(_ step: inout Step, by epoch: Epoch, at now: Timestamp) {
        guard epoch > claims.epoch else { return }
        if redemption != nil { step.tell(.cancelled, at: now, ["reason": "a later handover takes precedence"]) }
        step.end(.cancelled, .cancelled, because: "a later handover takes precedence")
        step.rows = [.raiseEpoch(agent, to: epoch)]
        step.directives = [.askPeers(claims.leaf)]
    }
}

extension SourceHandover.Step {
    fileprivate mutating func leave(at now: Timestamp) {
        state.returnsFrom = now + state.verification
        enter(.leaving, .agentLeaving)
    }

    fileprivate mutating func push(_ offer: SignedOffer, at now: Timestamp) {
        state.offer = offer
        state.offerHashes = state.offerHashes.suffix(7) + [offer.hash]
        directives = [.pushOffer(offer)]
    }

    /// The offer is with the agent.
    mutating func offered(at now: Timestamp) {
        state.returnsFrom = now + state.verification
        guard state.phase == .redeemed else { return }
        enter(.offered, .offerSent, ["hash": state.offer.map { Hex.encode($0.hash) }])
    }

    /// Says which offer the agent may come with, each once.
    fileprivate mutating func tellOffer(at now: Timestamp) {
        guard let offer = state.offer, offer.hash != state.toldOffer else { return }
        state.toldOffer = offer.hash
        tell(.offered, at: now, ["hash": Hex.encode(offer.hash)])
    }

    fileprivate mutating func takeBack(because reason: String, at now: Timestamp) {
        // An agent that had not been given away is live already, in the session that says so.
        rows = state.phase == .moved || state.phase == .settled ? [.restore(state.agent)] : []
        tell(.returned, at: now, ["reason": reason])
        end(.returned, .agentReturned, because: reason)
    }
}
