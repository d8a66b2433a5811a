import HandoverToken
package import Vocabulary

extension TargetHandover {
    /// Decides on one event; see `HandoverStep` for what the shell does with the answer.
    ///
    /// - Throws: `HandoverRefusal` when the event is a request that this phase does not allow. Facts about the agent
    ///   and the source never throw: those that mean nothing in a phase leave it unchanged.
    package func next(after event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        if case .noticeReceived(let notice) = event { return taking(notice, at: now) }
        switch phase {
        case .previewed: return try whilePreviewed(event, at: now)
        case .redeeming: return try whileRedeeming(event, at: now)
        case .awaiting, .connected: return try whileExpecting(event, at: now)
        case .arrived: return try whileArrived(event, at: now)
        case .settled: return try whileSettled(event, at: now)
        case .lapsed, .withdrawn: return try whenOver(event, at: now)
        }
    }

    private func whilePreviewed(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemRequested(let redemption):
            guard now < claims.expiresAt else { throw .expired(at: claims.expiresAt) }
            step.state.redemption = redemption
            step.state.deadline = claims.expiresAt + redemption.arrivalTime
            step.enter(.redeeming, .redemptionRequested, ["redemption": redemption.id.description])
            step.directives = step.state.redeemAgain(at: now)
        case .withdrawRequested: throw .over(phase: phase.rawValue)
        case .redemptionAccepted, .redemptionRefused, .redemptionUnanswered, .sourceAnswered, .agentConnected,
            .agentCommitted,
            .agentDisconnected, .noticeReceived, .noticeRefused, .higherEpochSeen, .wake:
            break
        }
        return step
    }

    private func whileRedeeming(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemRequested(let other): try repeated(other)
        case .redemptionAccepted: step.await(at: now)
        case .redemptionRefused(let code): step.refuse(by: code)
        case .sourceAnswered(.issued, _):
            if now >= claims.expiresAt { step.end(.withdrawn, .tokenRefused, because: "the token ran out unclaimed") }
        case .sourceAnswered(.expired, _), .sourceAnswered(.cancelled, _), .sourceAnswered(.returned, _):
            step.end(.withdrawn, .tokenRefused, because: "the source has ended the handover")
        case .sourceAnswered(.redeemed, let claimed), .sourceAnswered(.offered, let claimed),
            .sourceAnswered(.leaving, let claimed), .sourceAnswered(.moved, let claimed),
            .sourceAnswered(.settled, let claimed):
            if claimed == redemption?.id {
                step.await(at: now)
            } else {
                step.refuse(by: HandoverCode.alreadyRedeemed.code)
            }
        case .withdrawRequested(let reason):
            step.withdraw(.cancelled, because: reason ?? "an operator withdrew it", telling: true, at: now)
        case .higherEpochSeen(let epoch): supersede(&step, by: epoch, at: now)
        case .wake:
            if let deadline, now >= deadline {
                step.withdraw(.lapsed, because: "the source never answered", telling: true, at: now)
            } else {
                step.directives = redeemAgain(at: now)
            }
        case .redemptionUnanswered, .agentConnected, .agentCommitted, .agentDisconnected, .noticeReceived,
            .noticeRefused:
            break
        }
        return step
    }

    private func whileExpecting(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemRequested(let other): try repeated(other)
        case .agentConnected:
            if phase == .awaiting {
                step.state.connectedAt = now
                step.enter(.connected, .agentConnected)
                step.tell(.connected, at: now)
            }
        // Also while awaiting: the end of an older session may have been told after the beginning of this one.
        case .agentCommitted(let commitment): step.take(commitment, at: now)
        case .agentDisconnected:
            if phase == .connected { step.enter(.awaiting, .agentDisconnected) }
        case .sourceAnswered(.cancelled, _) where mayHaveSettled(at: now),
            .sourceAnswered(.expired, _) where mayHaveSettled(at: now):
            break
        case .sourceAnswered(.returned, _), .sourceAnswered(.cancelled, _), .sourceAnswered(.expired, _):
            step.withdraw(.agentReturned, because: "the source has ended the handover", at: now)
        case .withdrawRequested(let reason):
            // It may have settled here, and would have no server; the source's next notice tells.
            guard !mayHaveSettled(at: now), unproven == nil || !offerHashes.isEmpty else {
                throw .mayHaveSettled(sourceRow: claims.agent.row, source: claims.source.name)
            }
            step.withdraw(.cancelled, because: reason ?? "an operator withdrew it", telling: true, at: now)
        case .higherEpochSeen(let epoch): supersede(&step, by: epoch, at: now)
        case .wake(let agentPresent):
            guard let deadline, now >= deadline else {
                step.directives = resume(at: now)
                break
            }
            // A trial that began before the deadline may finish.
            let trialEnds = (connectedAt ?? now) + HandoverTiming.defaultVerification
            if phase == .connected, now < trialEnds {
                step.directives = [.wake(at: trialEnds)]
                break
            }
            guard agentPresent, let unproven else {
                if !mayHaveSettled(at: now) { step.lapse(at: now) }
                break
            }
            // Here for so long, it has come to stay: the source must have died over telling of the offer.
            let staysFrom = (connectedAt ?? now) + HandoverTiming.lingering
            if now < staysFrom {
                step.directives = [.wake(at: staysFrom)]
            } else {
                step.arrive(hash: unproven, at: now)
            }
        case .redemptionAccepted, .redemptionRefused, .redemptionUnanswered, .sourceAnswered, .noticeReceived,
            .noticeRefused:
            break
        }
        return step
    }

    private func whileArrived(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemRequested(let other): try repeated(other)
        case .agentConnected:
            // Or in its time, although an timer may have rung before while nobody was here and the clock was ahead.
            step.directives = probationEnds.map { now < $0 ? [.wake(at: $0)] : [] } ?? []
            step.settle(ifDueAt: now)
        case .wake(let agentPresent):
            if let probationEnds, now < probationEnds {
                step.directives = [.wake(at: probationEnds)]
            } else if agentPresent {
                step.settle(ifDueAt: now)
            }
        case .noticeRefused(.arrived), .sourceAnswered(.returned, _), .sourceAnswered(.expired, _):
            step.withdraw(.agentReturned, because: "the agent was back at the source before it heard", at: now)
        case .withdrawRequested: throw .alreadyArrived
        case .higherEpochSeen(let epoch): supersede(&step, by: epoch, at: now)
        case .redemptionAccepted, .redemptionRefused, .redemptionUnanswered, .sourceAnswered, .agentCommitted,
            .agentDisconnected,
            .noticeReceived, .noticeRefused:
            break
        }
        return step
    }

    private func whileSettled(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        var step = Step(self)
        switch event {
        case .redeemRequested(let other): try repeated(other)
        case .noticeRefused(.arrived), .sourceAnswered(.returned, _), .sourceAnswered(.expired, _):
            step.withdraw(.agentReturned, because: "the agent was back at the source before it heard", at: now)
        case .withdrawRequested: throw .alreadyArrived
        case .higherEpochSeen(let epoch):
            if epoch > claims.epoch { step.directives = [.askPeers(claims.leaf)] }
        case .redemptionAccepted, .redemptionRefused, .redemptionUnanswered, .sourceAnswered, .agentConnected,
            .agentCommitted,
            .agentDisconnected, .noticeReceived, .noticeRefused, .wake:
            break
        }
        return step
    }

    private func whenOver(_ event: Event, at now: Timestamp) throws(HandoverRefusal) -> Step {
        switch event {
        case .redeemRequested, .withdrawRequested: throw .over(phase: phase.rawValue)
        case .agentConnected:
            var step = Step(self)
            step.directives = [.closeSessions(claims.leaf)]
            return step
        case .redemptionAccepted:
            // The source accepted a redemption that this target has given up: without this notice it would offer the
            // agent a target that refuses it.
            var step = Step(self)
            step.tell(.lapsed, at: now, ["reason": ending ?? phase.rawValue])
            return step
        case .redemptionRefused, .redemptionUnanswered, .sourceAnswered, .agentCommitted, .agentDisconnected,
            .noticeReceived,
            .noticeRefused, .higherEpochSeen, .wake:
            return Step(self)
        }
    }

    private func repeated(_ other: Redemption) throws(HandoverRefusal) {
        guard other.id == redemption?.id else { throw .alreadyRedeemed }
    }

    private func supersede(_ step: inout Step, by epoch: Epoch, at now: Timestamp) {
        guard epoch > claims.epoch else { return }
        step.withdraw(.cancelled, because: "a later handover takes precedence", at: now)
        if let row = agentRow { step.rows.append(.raiseEpoch(row, to: epoch)) }
        step.directives.append(.askPeers(claims.leaf))
    }
}

extension TargetHandover.Step {
    fileprivate mutating func await(at now: Timestamp) {
        guard let redemption = state.redemption else { return }
        let deadline = now + redemption.arrivalTime
        state.deadline = deadline
        rows = [
            .expect(
                Arrival(
                    row: redemption.row, reusesRow: redemption.reusesRow, claims: state.claims,
                    instanceUID: redemption.instanceUID, group: redemption.group,
                    configuration: redemption.configuration))
        ]
        enter(.awaiting, .tokenRedeemed)
        directives = [.wake(at: deadline)]
    }

    fileprivate mutating func refuse(by code: String) {
        state.refusalCode = code
        end(.withdrawn, .tokenRefused, because: HandoverRefusal.refusedBySource(code: code).operatorMessage.title)
    }

    fileprivate mutating func take(_ commitment: Commitment, at now: Timestamp) {
        switch commitment {
        case .certain(let hash): arrive(hash: hash, at: now)
        case .applied(let hash) where state.offerHashes.contains(hash): arrive(hash: hash, at: now)
        case .applied(let hash): state.unproven = hash
        case .silent: arrive(hash: nil, at: now)
        case .staying:
            // The source may have died before it could tell of any offer, and an agent that was set back may have nothing to
            // say of one. After the deadline nothing else can be waited for.
            let isOverdue = state.deadline.map { now >= $0 } ?? false
            if isOverdue || state.unproven != nil && state.offerHashes.isEmpty { arrive(hash: state.unproven, at: now) }
        }
    }

    mutating func arrive(hash: [UInt8]?, at now: Timestamp) {
        guard let row = state.agentRow else { return }
        let end = now + state.claims.probation
        state.offerHash = hash
        state.unproven = nil
        state.probationEnds = end
        rows = [.activate(row)]
        enter(.arrived, .agentArrived)
        tell(.arrived, at: now, ["agent": row.description])
        directives = [.wake(at: end)]
    }

    fileprivate mutating func settle(ifDueAt now: Timestamp) {
        guard let end = state.probationEnds, now >= end else { return }
        enter(.settled, .settled)
        tell(.settled, at: now)
    }

    fileprivate mutating func lapse(at now: Timestamp) {
        let reason = "the agent did not arrive in time"
        tell(.lapsed, at: now, ["reason": reason])
        leave()
        end(.lapsed, .lapsed, because: reason)
    }

    mutating func withdraw(
        _ action: AuditAction,
        because reason: String,
        telling: Bool = false,
        at now: Timestamp
    ) {
        if telling { tell(.lapsed, at: now, ["reason": reason]) }
        leave()
        end(.withdrawn, action, because: reason)
    }

    /// The row goes back to what it was, and the agent's sessions end.
    private mutating func leave() {
        directives = [.closeSessions(state.claims.leaf)]
        guard let redemption = state.redemption, state.phase != .redeeming else { return }
        rows =
            redemption.reusesRow
            ? [.markMoved(redemption.row, to: state.claims.issuer, name: state.claims.source.name)]
            : [.withdraw(redemption.row)]
    }
}
