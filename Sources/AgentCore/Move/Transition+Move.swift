import OpAMPProto
import Vocabulary

// The move of OpAMP's Connection Setting Offer Flow: candidate saved, server left, candidate dialled, verified by its
// first answer, adopted by one write; or dropped, and the agent is back where it was.
extension Transition {
    mutating func beginMove(
        to server: ServerSettings, handover: HandoverFacts?, hash: OfferHash, from connection: Connection
    ) {
        agent.state.candidate = Candidate(
            origin: .offer(handover), server: server, hash: hash, attempts: 1, until: now + timings.verification)
        keep()
        note(
            .info, .moveBegan,
            [
                "endpoint": server.settings.endpoint.description, "offer": hash.text,
                "handover": handover?.id.description,
            ])
        agent.trial = Trial()
        if !server.settings.differsInLeafOnly(from: agent.state.active.settings) {
            agent.movesBegun = agent.movesBegun.suffix(agent.configuration.policy.attemptLimit) + [now]
        }
        order(.setTimer(.verification, after: timings.verification))
        agent.reporting.due.insert(.settingsStatus)
        leave(connection, then: .dial(.candidate))
    }

    /// After a restart. What is left of the deadline is never more than a whole one, whatever the clock says.
    mutating func resumeMove() {
        guard var candidate = agent.state.candidate else { return }
        candidate.attempts += 1
        agent.state.candidate = candidate
        guard canWrite else { return failMove(.storage, detail: "the attempt could not be recorded") }
        guard candidate.attempts <= Candidate.attemptLimit, now < candidate.until else {
            return failMove(.timeout, detail: "the agent was restarted during the move")
        }
        note(.info, .moveResumed, ["offer": candidate.hash.text, "attempt": String(candidate.attempts)])
        order(.setTimer(.verification, after: min(candidate.until - now, timings.verification)))
        dial(.candidate)
    }

    /// A dial of the candidate came to nothing; the phase is `waiting(.candidate)`.
    mutating func judge(_ end: ConnectionEnd) {
        switch agent.judge(end, timings: timings, chance: chance) {
        case .verdict(let cause):
            failMove(cause, detail: end.detail, next: end.cause == cause ? end.nextAction : nil)
        case .again(let wait): tryAgain(after: wait, because: end)
        }
    }

    /// For an answer with a Retry-After time.
    mutating func nextTry(after end: ConnectionEnd) -> Duration {
        switch agent.judge(end, timings: timings, chance: chance) {
        case .again(let wait): wait
        case .verdict: timings.secondTry
        }
    }

    private mutating func tryAgain(after duration: Duration, because end: ConnectionEnd) {
        note(.info, .moveRetried, ["cause": end.cause?.code, "detail": end.detail])
        wait(duration, for: .candidate)
    }

    // MARK: Verdicts

    /// - Returns: false when the candidate was dropped instead and nothing more of the message counts.
    mutating func adoptCandidate(on connection: Connection, after message: ServerToAgent) -> Bool {
        guard let candidate = agent.state.candidate else { return false }
        // The active server may leave the uid out; a proof has to be about this agent.
        guard message.instanceUID == agent.state.instanceUID.bytes else {
            failMove(.protocol, detail: "the answer does not name the agent's instance_uid")
            return false
        }
        let offersNewUID = message.agentIdentification.map { !$0.newInstanceUID.isEmpty } ?? false
        if candidate.handover != nil, offersNewUID,
            message.agentIdentification?.newInstanceUID != agent.state.instanceUID.bytes
        {
            failMove(.protocol, detail: "the target tried to rename the agent during a handover")
            return false
        }
        guard canWrite else {
            failMove(.storage, detail: "the verified settings could not be saved")
            return false
        }
        agent.state.candidate = nil
        agent.trial = nil
        order(.cancelTimer(.verification))
        // It was for the server that was active.
        cancelRetry()
        switch candidate.origin {
        case .offer(let handover): adopt(candidate, handover: handover)
        case .standby(let handover): adopt(candidate, handover: handover)
        case .probation: returnToPrevious(to: candidate)
        }
        keep()
        agent.failures = 0
        // Over HTTP the next request must no longer carry the candidate's headers.
        if connection.isHTTP {
            order(.close(connection.id))
            dial(.active)
        } else {
            var server = Connection(id: connection.id, destination: .active, endpoint: connection.endpoint)
            server.hasSaidEpoch = connection.hasSaidEpoch
            becomeOnline(server)
        }
        return true
    }

    private mutating func adopt(_ candidate: Candidate, handover: HandoverFacts?) {
        let window = agent.configuration.policy.adoptionWindow
        agent.state.adoptions.removeAll { !$0.isWithin(window, of: now) }
        // A renewal leads nowhere, and must not use up what a handover needs.
        if !candidate.server.settings.differsInLeafOnly(from: agent.state.active.settings) {
            agent.state.adoptions.append(now)
        }
        agent.state.hasAdopted = true
        agent.failedMoves = nil
        forgetStandby()
        if let handover {
            agent.state.epoch = handover.epoch
            agent.state.handoverID = handover.id
        }
        if agent.state.unprovenLeaf == nil { ownPartApplied(candidate.hash) } else { leafProven() }
        agent.reporting.due.insert(.settingsStatus)
        note(
            .info, .moveAdopted,
            [
                "endpoint": candidate.server.settings.endpoint.description, "offer": candidate.hash.text,
                "handover": handover?.id.description,
            ])
        // A target may change its own settings before the handover has settled; that does not end the handover.
        let isSameServer = candidate.server.settings.endpoint.origin == agent.state.active.settings.endpoint.origin
        if !isSameServer { agent.announcedSigners = nil }
        let previous = agent.state.active
        agent.state.active = candidate.server
        if !(isSameServer && handover == nil && agent.state.probation?.isHandover == true) {
            beginProbation(of: candidate, keeping: previous, length: handover?.probation ?? timings.probation)
        }
    }

    /// Drops the candidate: nothing it brought is kept but the verdict.
    ///
    /// - Parameter next: what ends this failure, where that is known better than from its cause.
    mutating func failMove(_ cause: MoveCause, detail: String, next: String? = nil) {
        guard let candidate = agent.state.candidate else { return }
        agent.state.candidate = nil
        order(.cancelTimer(.verification))
        let verdict = Verdict(hash: candidate.hash, failed: cause, detail: detail, next: next)
        note(
            .error, candidate.isStandby ? .standbyFailed : .moveFailed,
            [
                "offer": candidate.hash.text, "cause": cause.code, "detail": detail, "reason": cause.sentence,
                "next": next ?? cause.nextAction,
            ])
        agent.trial = nil
        switch candidate.origin {
        case .offer:
            agent.state.forgetHostOffer(candidate.hash)
            record(verdict)
            agent.state.remember(verdict, from: agent.state.active.settings.endpoint.origin, at: now)
            noteFailedMove(to: candidate.server.settings.endpoint.origin)
        // The server that granted it heard APPLIED, and that is still true: the grant is held.
        case .standby: standbyFailed()
        case .probation:
            // The way back stays open: both servers are tried in turn until one answers. The previous one may have
            // taken the agent back before the connection broke.
            prolongProbation()
            returnFailed()
        }
        keep()
        switch agent.phase {
        case .reporting(let connection): leave(connection, then: .dial(.active))
        case .leaving(let connection, .dial(.candidate)), .leaving(let connection, .wait(.candidate, _)):
            order(.drop(connection.id))
            order(.cancelTimer(.leaving))
            agent.reporting.makeUnconfirmedDue()
            resumeActive()
        case .dialing(let connection):
            order(.drop(connection.id))
            resumeActive()
        case .waiting:
            order(.cancelTimer(.nextTry))
            resumeActive()
        case .idle: dial(.active)
        case .leaving(_, .dial(.active)), .leaving(_, .wait(.active, _)), .leaving(_, .stop), .online, .stopped: break
        }
        agent.reporting.due.insert(.settingsStatus)
    }

    private mutating func noteFailedMove(to origin: String) {
        let former = agent.failedMoves
        let count = former?.origin == origin ? (former?.count ?? 0) + 1 : 1
        // The first one is repeated at once: an operator may have corrected what was wrong.
        let wait = agent.configuration.backoff.wait(attempt: count, chance: chance)
        agent.failedMoves = FailedMoves(origin: origin, count: count, wait: count == 1 ? .over : .due(wait))
    }

    /// Whether a move to this server begins now. Otherwise its offer waits for the timer: a server that signs an offer
    /// again after each failure gets no more attempts than any other dial.
    mutating func mayMove(to origin: String) -> Bool {
        guard let failed = agent.failedMoves, failed.origin == origin else { return true }
        switch failed.wait {
        case .over: return true
        case .running: return false
        case .due(let wait):
            agent.failedMoves?.wait = .running
            order(.setTimer(.nextTry, after: wait))
            return false
        }
    }

    mutating func record(_ verdict: Verdict) {
        agent.state.verdict = verdict
        agent.state.verdicts.removeAll { $0.hash == verdict.hash }
        agent.state.verdicts = (agent.state.verdicts + [verdict]).suffix(AgentState.verdictLimit)
    }
}

extension ConnectionSettings {
    func differsInLeafOnly(from other: ConnectionSettings) -> Bool {
        var renewed = other
        renewed.leaf = leaf
        return leaf != nil && renewed == self
    }
}

extension AgentState {
    func failedOffer(_ hash: OfferHash, from origin: String) -> FailedOffer? {
        failedOffers.first { $0.verdict.hash == hash && $0.origin == origin }
    }

    /// An offer without a hash is a new one each time.
    mutating func remember(_ verdict: Verdict, from origin: String, at now: Timestamp) {
        guard verdict.hash.reported != nil else { return }
        let failures = (failedOffer(verdict.hash, from: origin)?.failures ?? 0) + 1
        failedOffers.removeAll { $0.verdict.hash == verdict.hash && $0.origin == origin }
        failedOffers.append(FailedOffer(origin: origin, verdict: verdict, failures: failures, at: now))
        failedOffers = failedOffers.suffix(Self.failedOfferLimit)
    }
}

/// Moves to one origin that failed one after the other.
struct FailedMoves: Equatable, Sendable {
    enum Wait: Equatable, Sendable {
        /// It begins with the next offer.
        case due(Duration)
        case running, over
    }

    var origin: String
    var count: Int
    /// Before the next move there.
    var wait: Wait
}

extension Timestamp {
    /// In either direction, so that a clock set back neither frees nor binds the agent for ever.
    func isWithin(_ window: Duration, of other: Timestamp) -> Bool {
        self > other - window && self < other + window
    }
}
