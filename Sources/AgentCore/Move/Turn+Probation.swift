import Vocabulary

// After an adoption the previous settings are kept for a while. If the new server is lost for that long without a
// break, the agent tries its way back, as another candidate.
extension Turn {
    mutating func beginProbation(of candidate: Candidate, length: Duration) {
        agent.isProbationOver = false
        agent.state.previous = agent.state.active
        agent.state.probation = Probation(
            hash: candidate.hash, length: length, until: now + length, isHandover: candidate.handover != nil)
        order(.setTimer(.probation, after: length))
    }

    /// What counts as lost stays as it is.
    mutating func prolongProbation() {
        agent.isProbationOver = false
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
        guard let probation = agent.state.probation, !agent.isLostTimerSet else { return }
        agent.isLostTimerSet = true
        order(.setTimer(.lost, after: probation.length))
    }

    mutating func probationOver() {
        guard agent.state.probation != nil else { return }
        agent.isProbationOver = true
        switch agent.phase {
        case .online: settle()
        // With the next answer of the active server.
        case .idle, .waiting, .dialing, .reporting, .leaving, .stopped: break
        }
    }

    mutating func settle() {
        note(.info, .moveSettled, ["endpoint": agent.state.active.settings.endpoint.description])
        forgetPrevious()
        keep()
    }

    mutating func tryWayBack() {
        agent.isLostTimerSet = false
        guard let probation = agent.state.probation, let previous = agent.state.previous else { return }
        switch agent.phase {
        case .waiting(.home): order(.cancelTimer(.retry))
        case .dialing(let line) where line.destination == .home,
            .reporting(let line) where line.destination == .home:
            order(.drop(line.id))
            order(.cancelTimer(.answer))
            order(.cancelTimer(.heartbeat))
        case .waiting, .dialing, .reporting, .leaving:
            return markLost()
        case .idle, .online, .stopped: return
        }
        guard canWrite else {
            // The active server is all there is without a disk.
            markLost()
            return wait(advice: nil)
        }
        agent.state.candidate = Candidate(
            origin: .probation, home: previous, hash: probation.hash, attempts: 1, until: now + timings.verification)
        keep()
        note(.warning, .moveReturning, ["endpoint": previous.settings.endpoint.description])
        agent.trial = Trial()
        order(.setTimer(.verification, after: timings.verification))
        dial(.candidate)
    }

    /// The previous server has answered.
    mutating func returnHome(to candidate: Candidate) {
        agent.state.active = candidate.home
        record(Verdict(hash: candidate.hash, failed: .probation))
        note(.warning, .moveReturned, ["endpoint": candidate.home.settings.endpoint.description])
        forgetPrevious()
    }

    private mutating func forgetPrevious() {
        agent.state.previous = nil
        agent.state.probation = nil
        agent.isProbationOver = false
        agent.isLostTimerSet = false
        order(.cancelTimer(.probation))
        order(.cancelTimer(.lost))
    }
}
