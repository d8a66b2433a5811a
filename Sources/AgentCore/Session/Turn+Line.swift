import OpAMPProto
import Vocabulary

// One line from its order to its end.
extension Turn {
    mutating func dial(_ destination: Destination) {
        let home = agent.home(of: destination)
        agent.lines += 1
        let line = Line(id: ConnectionID(agent.lines), destination: destination, endpoint: home.settings.endpoint)
        var known = agent.reporting.knownBy
        known?.heartbeat = home.settings.heartbeat
        if destination == .candidate || known != home.settings { agent.reporting.forgetServer() }
        agent.isRenamedOnLine = false
        if destination == .home { cancelRetry() }
        agent.phase = .dialing(line)
        note(.info, .dialing, ["endpoint": line.endpoint.description, "settings": destination.rawValue])
        let dial = Dial(
            settings: home.settings, extraHeaders: agent.extraHeaders(for: destination),
            openingHeaders: [
                HeaderField(MoveHeader.handoverEpoch, Secret(agent.handoverEpoch(for: destination).headerText))
            ])
        order(.open(line.id, dial))
    }

    mutating func opened(_ id: ConnectionID) {
        switch agent.phase {
        case .dialing(let line) where line.id == id:
            agent.phase = .reporting(line)
            // What the report says about an offer has to outlive this process, if it can.
            keepIfUnsaved()
            if line.destination == .home { order(.setTimer(.answer, after: timings.answer)) }
            agent.reporting.knownBy = agent.home(of: line.destination).settings
            send(agent.reporting.due.union(.standing))
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    /// The active server has answered this line without an error.
    mutating func becomeOnline(_ line: Line) {
        var line = line
        line.isAccepted = true
        agent.phase = .online(line)
        order(.cancelTimer(.answer))
        order(.setTimer(.stable, after: timings.stable))
        endLoss()
        agent.bareCloses = 0
        if !line.hasSaidEpoch { agent.reporting.due.insert(.standing) }
        note(.info, .online, ["endpoint": line.endpoint.description])
        if agent.watch.isOver { settle() }
        keepIfUnsaved()
        requestLeafIfDue()
    }

    /// The active server has answered with an error only. The line stays, since the same report over another one would
    /// be as bad (OpAMP, Bad Request), but it proves nothing: the server counts as lost.
    mutating func stayUnaccepted(_ line: Line) {
        agent.phase = .online(line)
        order(.cancelTimer(.answer))
        markLost()
    }

    mutating func stable() {
        agent.failures = 0
        agent.watch.failedReturns = 0
    }

    mutating func ended(_ end: LineEnd, of id: ConnectionID) {
        switch agent.phase {
        case .dialing(let line) where line.id == id, .reporting(let line) where line.id == id,
            .online(let line) where line.id == id:
            lose(line, by: end)
        case .leaving(let line, let departure) where line.id == id:
            depart(departure)
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    /// The line is gone without our doing.
    mutating func lose(_ line: Line, by end: LineEnd) {
        let end = line.destination == .home ? weighed(end) : end
        quiet()
        // A message too large for this server would be too large again (RFC 9110 section 15.5.14).
        if end.cause == .http(status: 413) { agent.reporting.unconfirmed = [] }
        agent.reporting.foldBack()
        agent.phase = .waiting(line.destination)
        note(
            .warning, .lost,
            [
                "endpoint": line.endpoint.description, "cause": end.cause?.code, "detail": end.detail,
                "reason": end.cause?.sentence, "next": end.cause?.nextAction,
            ])
        switch line.destination {
        case .candidate: judge(end)
        case .home:
            markLost()
            wait(advice: end.retryAfter, least: end.isRefusalOfAgent ? timings.afterRefusal : .zero)
        }
    }

    /// A server that refuses a leaf can look like one that died: once is a hint, twice is a refusal.
    private mutating func weighed(_ end: LineEnd) -> LineEnd {
        guard case .failed(var failure) = end, failure.closedBeforeAnswer else {
            agent.bareCloses = 0
            return end
        }
        agent.bareCloses += 1
        if agent.bareCloses == 1 { failure.cause = .tcp }
        return .failed(failure)
    }

    /// Takes leave as OpAMP asks, Duplicate WebSocket Connections and Plain HTTP Transport: what the server must know,
    /// then `agent_disconnect` as the last message, then the close; over HTTP each waits for the answer before it.
    mutating func leave(_ line: Line, then departure: Departure) {
        quiet()
        agent.phase = .leaving(line, then: departure)
        note(.info, .leaving, ["endpoint": line.endpoint.description])
        order(.setTimer(.leaving, after: timings.leaving))
        continueLeaving()
    }

    mutating func continueLeaving() {
        while case .leaving(var line, let departure) = agent.phase, !line.isClosing {
            guard !(line.isHTTP && line.isRequestOpen) else { return }
            if line.hasTakenLeave {
                line.isClosing = true
                agent.phase = .leaving(line, then: departure)
                order(.close(line.id))
            } else if line.destination == .home, agent.reportable(agent.reporting.due).contains(.settingsStatus) {
                send(.settingsStatus)
            } else {
                send([], takingLeave: true)
            }
        }
    }

    mutating func leavingOverdue() {
        switch agent.phase {
        case .leaving(let line, let departure):
            order(.drop(line.id))
            depart(departure)
        case .idle, .waiting, .dialing, .reporting, .online, .stopped: break
        }
    }

    private mutating func depart(_ departure: Departure) {
        order(.cancelTimer(.leaving))
        agent.reporting.foldBack()
        switch departure {
        case .dial(.candidate): dial(.candidate)
        case .dial(.home): resumeHome()
        case .wait(let destination, let duration): wait(duration, for: destination)
        case .stop: finish()
        }
    }

    // MARK: Waiting

    mutating func wait(_ duration: Duration, for destination: Destination) {
        agent.phase = .waiting(destination)
        switch destination {
        case .candidate: order(.setTimer(.nextTry, after: duration))
        case .home:
            agent.isRetrySet = true
            order(.setTimer(.retry, after: duration))
            if agent.watch.loss == .complete { beginReturn() }
        }
    }

    /// Goes on with the active server after a candidate: its own wait is neither shortened nor begun anew.
    mutating func resumeHome() {
        if agent.isRetrySet {
            agent.phase = .waiting(.home)
        } else {
            dial(.home)
        }
    }

    mutating func cancelRetry() {
        guard agent.isRetrySet else { return }
        agent.isRetrySet = false
        order(.cancelTimer(.retry))
    }

    /// Waits before the active server is dialled again.
    mutating func wait(advice: Duration?, least: Duration = .zero) {
        wait(nextBackoff(advice: advice, least: least), for: .home)
    }

    mutating func nextBackoff(advice: Duration?, least: Duration = .zero) -> Duration {
        defer { agent.failures += 1 }
        return agent.configuration.backoff.wait(attempt: agent.failures, chance: chance, advice: advice, least: least)
    }

    mutating func retryDue() {
        agent.isRetrySet = false
        switch agent.phase {
        case .waiting(.home): dial(.home)
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    mutating func nextTryDue() {
        switch agent.phase {
        case .waiting(.candidate): dial(.candidate)
        case .waiting, .idle, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    mutating func answerOverdue() {
        switch agent.phase {
        case .reporting(let line) where line.destination == .home:
            order(.drop(line.id))
            lose(line, by: .failed(DialFailure(.timeout, "no answer to the first report")))
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    /// No timer of a session outlives it.
    private mutating func quiet() {
        for timer in [AgentTimer.heartbeat, .answer, .stable] { order(.cancelTimer(timer)) }
    }
}

extension Agent {
    func home(of destination: Destination) -> Home {
        switch destination {
        case .home: state.active
        case .candidate: state.candidate?.home ?? state.active
        }
    }

    /// A candidate's server is told the handover it is tried for.
    func handoverEpoch(for destination: Destination) -> HandoverEpoch {
        let trying = destination == .candidate ? state.candidate?.handover : nil
        return HandoverEpoch(trying?.epoch ?? state.epoch, handover: trying?.id ?? state.handoverID)
    }

    func extraHeaders(for destination: Destination) -> [HeaderField] {
        var headers = [HeaderField(MoveHeader.instanceUID, Secret(state.instanceUID.description))]
        switch destination {
        case .home:
            // It is for the server of the file, wherever that has sent the agent since.
            let isConfigured = state.active.settings.endpoint.origin == configuration.home.settings.endpoint.origin
            if awaitsEnrolment, isConfigured, let token = configuration.bootstrapToken {
                headers.append(HeaderField("Authorization", Secret(Array("Bearer ".utf8) + token.reveal())))
            }
        case .candidate:
            if let handover = state.candidate?.handover {
                headers.append(HeaderField(MoveHeader.handoverID, Secret(handover.id.description)))
            }
        }
        return headers
    }
}

extension LineEnd {
    var cause: MoveCause? {
        switch self {
        case .closed: nil
        case .failed(let failure): failure.cause
        }
    }

    var detail: String {
        switch self {
        case .closed(let code, let reason): "closed by the server" + (code.map { " with \($0) \(reason)" } ?? "")
        case .failed(let failure): failure.explanation
        }
    }

    var retryAfter: Duration? {
        switch self {
        case .closed: nil
        case .failed(let failure): failure.retryAfter
        }
    }

    /// More attempts soon would only look like an attack.
    var isRefusalOfAgent: Bool {
        cause == .http(status: 401) || cause == .http(status: 403) || cause == .tlsLeafRefused
    }
}
