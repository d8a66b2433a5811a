import OpAMPProto
import Vocabulary

// A grant is held, and used when the active server has been unreachable for long enough. The move is the move of an
// offer, with its verification and its way back.
extension Transition {
    mutating func hold(_ grant: OtherConnectionSettings, of arrival: WaitingOffer, hash: OfferHash) throws(OfferRefusal)
    {
        guard agent.configuration.standby != nil else { throw .standbyOff }
        guard arrival.offers.opamp == nil else { throw .standbyBesideSettings }
        let resolution = try agent.review(receivedAt: arrival.receivedAt).resolve(standby: grant)
        guard let handover = resolution.handover, let until = resolution.tokenEnd else { throw .noTokenSigners }
        guard canWrite else { throw .stateNotWritable }
        agent.state.standby = StandbyGrant(server: resolution.server, handover: handover, hash: hash, until: until)
        note(
            .info, .standbyHeld,
            [
                "endpoint": resolution.server.settings.endpoint.description, "handover": handover.id.description,
                "until": until.description,
            ])
        agent.standbyChecks = StandbyChecks()
        checkStandbyLater()
    }

    /// It was for the server and the leaf that the agent had.
    mutating func forgetStandby() {
        guard let grant = agent.state.standby else { return }
        endStandby()
        note(.info, .standbyForgotten, ["endpoint": grant.server.settings.endpoint.description])
    }

    private mutating func endStandby() {
        agent.state.standby = nil
        agent.standbyChecks = StandbyChecks()
        order(.cancelTimer(.standbyCheck))
        isReachable()
    }

    /// The grant, unless it has ended.
    private mutating func validStandby() -> StandbyGrant? {
        guard let grant = agent.state.standby, agent.configuration.standby != nil else { return nil }
        guard now < grant.until else {
            dropStandby(
                because: "The token of the standby grant expired at \(grant.until).",
                next: "Issue another standby token for this agent.")
            return nil
        }
        // The configuration file may say something else than it did when the grant came.
        guard agent.configuration.policy.allows(grant.server.settings, insteadOf: agent.state.active.settings) else {
            dropStandby(
                because: "The agent's configuration file does not allow the server of the standby grant any more.",
                next: "Correct `handover` in the configuration file, or issue a standby token for another server.")
            return nil
        }
        return grant
    }

    // MARK: The standby server

    /// Begins again with each process.
    mutating func checkStandbyLater() {
        guard agent.state.standby != nil, let policy = agent.configuration.standby else { return }
        order(.setTimer(.standbyCheck, after: policy.wait(beforeCheck: agent.standbyChecks.begun, chance: chance)))
    }

    mutating func standbyCheckDue() {
        guard let grant = validStandby() else { return }
        agent.standbyChecks.begun += 1
        checkStandbyLater()
        // A trial verifies it anyway.
        guard agent.state.candidate == nil else { return }
        var settings = grant.server.settings
        (settings.leaf, settings.headers) = (nil, [])
        order(.verify(Dial(settings: settings, extraHeaders: []), of: grant.hash))
    }

    mutating func standbyVerified(_ hash: OfferHash, failure: DialFailure?) {
        guard let grant = agent.state.standby, grant.hash == hash, agent.phase != .stopped else { return }
        let last = agent.standbyChecks.last
        agent.standbyChecks.last = StandbyCheck(at: now, cause: failure?.cause, detail: failure?.explanation ?? "")
        guard last == nil || last?.cause != failure?.cause else { return }
        let endpoint = grant.server.settings.endpoint.description
        guard let failure else { return note(.info, .standbyVerified, ["endpoint": endpoint]) }
        note(
            .warning, .standbyNotVerified,
            [
                "endpoint": endpoint, "cause": failure.cause.code, "detail": failure.explanation,
                "reason": failure.cause.sentence, "next": failure.nextAction,
            ])
    }

    // MARK: The active server

    /// What a dial that led to no session says of the active server.
    mutating func weighStandby(_ end: ConnectionEnd) {
        switch end.sign {
        case .there: isReachable()
        case .none: break
        case .gone:
            guard agent.state.standby != nil, let policy = agent.configuration.standby else { return }
            agent.standbyWatch.failedContacts += 1
            guard agent.standbyWatch.failedContacts == 1 else { return }
            order(.setTimer(.standby, after: policy.wait(chance: chance)))
        }
    }

    mutating func isReachable() {
        guard agent.standbyWatch != StandbyWatch() else { return }
        agent.standbyWatch = StandbyWatch()
        order(.cancelTimer(.standby))
    }

    // MARK: The move

    mutating func standbyDue() {
        agent.standbyWatch.isTimeOver = true
        switch agent.phase {
        case .waiting(.active): useStandbyIfDue()
        // A connection that is being made is not cut. If it comes to nothing, the wait after it asks again.
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    /// The phase is `waiting(.active)`, and that wait goes on.
    mutating func useStandbyIfDue() {
        // On probation the way back comes first: the previous server is the one that an operator chose last.
        guard agent.standbyWatch.isTimeOver, agent.standbyWatch.failedContacts >= StandbyPolicy.failedContacts,
            agent.state.probation == nil, canWrite, let grant = validStandby()
        else { return }
        var server = grant.server
        server.settings.tls.minimum = max(server.settings.tls.minimum, agent.configuration.policy.minimumTLS)
        agent.state.candidate = Candidate(
            origin: .standby(grant.handover), server: server, hash: grant.hash, attempts: 1,
            until: now + timings.verification)
        keep()
        note(
            .warning, .standbyUsed,
            [
                "endpoint": grant.server.settings.endpoint.description, "handover": grant.handover.id.description,
                "failed_contacts": String(agent.standbyWatch.failedContacts),
            ])
        agent.trial = Trial()
        order(.setTimer(.verification, after: timings.verification))
        dial(.candidate)
    }

    private mutating func dropStandby(because reason: String, next: String) {
        let endpoint = agent.state.standby?.server.settings.endpoint.description
        note(.warning, .standbyForgotten, ["endpoint": endpoint, "reason": reason, "next": next])
        endStandby()
        keep()
    }

    /// Both servers are dialled in turn from here, each with its own backoff.
    mutating func standbyFailed() {
        agent.standbyWatch.failedMoves += 1
        agent.standbyWatch.isTimeOver = false
        agent.standbyWatch.failedContacts = max(agent.standbyWatch.failedContacts, StandbyPolicy.failedContacts)
        let wait = agent.configuration.backoff.wait(
            attempt: agent.standbyWatch.failedMoves, chance: chance, least: timings.afterRefusal)
        order(.setTimer(.standby, after: wait))
    }
}
