import Vocabulary

/// What this process has seen of a probation.
struct ProbationWatch: Equatable, Sendable {
    enum Loss: Equatable, Sendable {
        case none
        /// The active server does not answer, and the time until the way back is running.
        case counted
        /// It has not answered for that long. The way back begins as soon as no connection to it is being made.
        case complete
    }

    /// Probation has run its length; it settles with the next contact.
    var isOver = false
    var loss = Loss.none
    /// Ways back that failed since the last stable session; the wait before the next one grows with them.
    var failedReturns = 0
}

// After an adoption the previous settings are kept for a while. If the new server is lost for that long without a
// break, the agent tries its way back, as another candidate. The length comes from outside, so it never decides how
// soon anything is dialled again: each of the two servers has a backoff of its own.
extension Transition {
    /// A length of zero is settled with the write that adopts.
    mutating func beginProbation(of candidate: Candidate, keeping previous: ServerSettings, length: Duration) {
        forgetPrevious()
        guard length > .zero else { return noteSettled() }
        agent.state.previous = previous
        agent.state.probation = Probation(
            hash: candidate.hash, length: length, until: now + length, isHandover: candidate.handover != nil)
        order(.setTimer(.probation, after: length))
    }

    /// What counts as lost stays as it is.
    mutating func prolongProbation() {
        agent.watch.isOver = false
        let length = timings.triedReturn
        agent.state.probation?.until = now + length
        order(.setTimer(.probation, after: length))
    }

    mutating func resumeProbation() {
        guard let probation = agent.state.probation else { return }
        let left = min(max(probation.until - now, .zero), max(probation.length, timings.triedReturn))
        order(.setTimer(.probation, after: left))
        markLost()
    }

    /// The active server does not answer; from here the whole probation is counted, once.
    mutating func markLost() {
        guard let probation = agent.state.probation, agent.watch.loss == .none else { return }
        agent.watch.loss = .counted
        let failed = agent.watch.failedReturns
        let backoff = failed == 0 ? .zero : agent.configuration.backoff.wait(attempt: failed, chance: chance)
        order(.setTimer(.lost, after: max(probation.length, backoff)))
    }

    mutating func endLoss() {
        guard agent.watch.loss != .none else { return }
        agent.watch.loss = .none
        order(.cancelTimer(.lost))
    }

    mutating func probationOver() {
        guard agent.state.probation != nil else { return }
        let wasOver = agent.watch.isOver
        agent.watch.isOver = true
        switch agent.phase {
        case .online(let connection) where connection.isAccepted:
            // The connection may be dead, and the server have given up waiting for what was lost with it. A server that
            // answers nothing has it when the connection outlives the time after which a dead one ends.
            guard wasOver || !agent.reporting.unconfirmed.contains(.settingsStatus) else {
                return order(.setTimer(.probation, after: timings.unanswered))
            }
            settle()
            requestLeafIfDue()
            flush()
        // With the next answer of the active server.
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    mutating func settle() {
        noteSettled()
        forgetPrevious()
        keep()
    }

    private mutating func noteSettled() {
        note(.info, .moveSettled, ["endpoint": agent.state.active.settings.endpoint.description])
    }

    // MARK: The way back

    mutating func lossComplete() {
        guard agent.state.probation != nil else { return }
        agent.watch.loss = .complete
        switch agent.phase {
        case .waiting(.active): beginReturn()
        case .online(let connection) where !connection.isAccepted:
            leave(connection, then: .wait(.active, nextBackoff(advice: nil)))
        case .online: agent.watch.loss = .none
        // A connection that is being made is not cut: the server may just need that long.
        case .idle, .waiting, .dialing, .reporting, .leaving, .stopped: break
        }
    }

    /// The phase is `waiting(.active)`, and that wait goes on.
    mutating func beginReturn() {
        guard let probation = agent.state.probation, let previous = agent.state.previous else { return }
        guard canWrite else {
            // The active server is all there is without a disk.
            agent.watch.loss = .none
            return markLost()
        }
        agent.state.candidate = Candidate(
            origin: .probation, server: previous, hash: probation.hash, attempts: 1, until: now + timings.verification)
        keep()
        note(.warning, .moveReturning, ["endpoint": previous.settings.endpoint.description])
        agent.trial = Trial()
        order(.setTimer(.verification, after: timings.verification))
        dial(.candidate)
    }

    /// The previous server has not taken the agent back; the time until the next attempt begins.
    mutating func returnFailed() {
        agent.watch.failedReturns += 1
        agent.watch.loss = .none
        markLost()
    }

    /// The previous server has answered.
    mutating func returnToPrevious(to candidate: Candidate) {
        agent.state.active = candidate.server
        agent.state.unprovenLeaf = nil
        forgetStandby()
        let verdict = Verdict(hash: candidate.hash, failed: .probation)
        agent.state.forgetHostOffer(candidate.hash)
        record(verdict)
        agent.state.remember(verdict, from: candidate.server.settings.endpoint.origin, at: now)
        note(.warning, .moveReturned, ["endpoint": candidate.server.settings.endpoint.description])
        forgetPrevious()
    }

    private mutating func forgetPrevious() {
        guard agent.state.probation != nil else { return }
        agent.state.previous = nil
        agent.state.probation = nil
        agent.watch = ProbationWatch()
        order(.cancelTimer(.probation))
        order(.cancelTimer(.lost))
    }
}
