import OpAMPProto
import Vocabulary

// One connection from its order to its end.
extension Transition {
    mutating func dial(_ destination: Destination) {
        let server = agent.server(of: destination)
        agent.connectionsOpened += 1
        let connection = Connection(
            id: ConnectionID(agent.connectionsOpened), destination: destination, endpoint: server.settings.endpoint)
        var known = agent.reporting.knownBy
        known?.heartbeat = server.settings.heartbeat
        if destination == .candidate || known != server.settings { agent.reporting.forgetServer() }
        agent.isRenamedOnConnection = false
        // It was for this session; its server sends it again, and another server never meant it.
        agent.waitingConfig = nil
        agent.customMessage = nil
        if destination == .active {
            cancelRetry()
            noteLeafEnd()
        }
        agent.phase = .dialing(connection)
        note(.info, .dialing, ["endpoint": connection.endpoint.description, "settings": destination.rawValue])
        var settings = server.settings
        if agent.isEnrollingAnew, destination == .active { settings.leaf = nil }
        let dial = Dial(
            settings: settings, extraHeaders: agent.extraHeaders(for: destination),
            openingHeaders: [
                HeaderField(MoveHeader.handoverEpoch, Secret(agent.handoverEpoch(for: destination).headerText))
            ])
        order(.open(connection.id, dial))
    }

    mutating func opened(_ id: ConnectionID) {
        switch agent.phase {
        case .dialing(let connection) where connection.id == id:
            agent.phase = .reporting(connection)
            // What the report says about an offer has to outlive this process, if it can.
            keepIfUnsaved()
            if connection.destination == .active { order(.setTimer(.answer, after: timings.answer)) }
            agent.reporting.knownBy = agent.server(of: connection.destination).settings
            send(agent.reporting.due.union(.standing))
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    /// The active server has answered this connection without an error.
    mutating func becomeOnline(_ connection: Connection) {
        var connection = connection
        connection.isAccepted = true
        agent.phase = .online(connection)
        order(.cancelTimer(.answer))
        order(.setTimer(.stable, after: timings.stable))
        endLoss()
        isReachable()
        agent.bareCloses = 0
        if !connection.hasSaidEpoch { agent.reporting.due.insert(.standing) }
        note(.info, .online, ["endpoint": connection.endpoint.description])
        leafProven()
        if agent.watch.isOver { settle() }
        keepIfUnsaved()
        requestLeafIfDue()
    }

    /// The active server has answered with an error only, or not at all. The connection stays, since the same report over another
    /// one would be as bad (OpAMP, Bad Request), but it proves nothing: the server counts as lost.
    mutating func stayUnaccepted(_ connection: Connection) {
        agent.phase = .online(connection)
        order(.cancelTimer(.answer))
        markLost()
        keepIfUnsaved()
    }

    mutating func stable() {
        agent.failures = 0
        agent.watch.failedReturns = 0
    }

    mutating func ended(_ end: ConnectionEnd, of id: ConnectionID) {
        switch agent.phase {
        case .dialing(let connection) where connection.id == id, .reporting(let connection) where connection.id == id,
            .online(let connection) where connection.id == id:
            lose(connection, by: end)
        case .leaving(let connection, let departure) where connection.id == id:
            depart(departure)
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    /// The connection is gone without our doing.
    mutating func lose(_ connection: Connection, by end: ConnectionEnd) {
        let end = connection.destination == .active ? weighed(end) : end
        cancelSessionTimers()
        if end.cause == .http(status: 413) { agent.reporting.cutDown() }
        agent.reporting.makeUnconfirmedDue()
        agent.phase = .waiting(connection.destination)
        if connection.destination == .active, !connection.isAccepted { weighLeaf(end) }
        note(
            .warning, .lost,
            [
                "endpoint": connection.endpoint.description, "cause": end.cause?.code, "detail": end.detail,
                "reason": end.cause?.sentence, "next": end.nextAction,
            ])
        switch connection.destination {
        case .candidate: judge(end)
        case .active:
            markLost()
            // A session that ends was no dial in vain.
            if !connection.isAccepted { weighStandby(end) }
            wait(advice: end.retryAfter, least: end.wantsPause ? timings.afterRefusal : .zero)
        }
    }

    /// A server that refuses a leaf can look like one that died: once is a hint, twice is a refusal.
    private mutating func weighed(_ end: ConnectionEnd) -> ConnectionEnd {
        guard case .failed(var failure) = end, failure.closedBeforeAnswer else {
            agent.bareCloses = 0
            return end
        }
        agent.bareCloses += 1
        if agent.bareCloses == 1 { failure.cause = .tcp }
        return .failed(failure)
    }

    /// Disconnects as OpAMP asks, Duplicate WebSocket Connections and Plain HTTP Transport: what the server must know,
    /// then `agent_disconnect` as the last message, then the close; over HTTP each waits for the answer before it.
    mutating func leave(_ connection: Connection, then departure: Departure) {
        cancelSessionTimers()
        agent.phase = .leaving(connection, then: departure)
        note(.info, .leaving, ["endpoint": connection.endpoint.description])
        order(.setTimer(.leaving, after: timings.leaving))
        continueLeaving()
    }

    mutating func continueLeaving() {
        while case .leaving(var connection, let departure) = agent.phase, !connection.isClosing {
            guard !(connection.isHTTP && connection.isRequestOpen) else { return }
            if connection.hasSentDisconnect {
                connection.isClosing = true
                agent.phase = .leaving(connection, then: departure)
                order(.close(connection.id))
            } else if connection.destination == .active,
                agent.reportable(agent.reporting.due).contains(.settingsStatus)
            {
                send(.settingsStatus)
            } else {
                send([], disconnecting: true)
            }
        }
    }

    mutating func leavingOverdue() {
        switch agent.phase {
        case .leaving(let connection, let departure):
            order(.drop(connection.id))
            depart(departure)
        case .idle, .waiting, .dialing, .reporting, .online, .stopped: break
        }
    }

    private mutating func depart(_ departure: Departure) {
        order(.cancelTimer(.leaving))
        agent.reporting.makeUnconfirmedDue()
        switch departure {
        case .dial(.candidate): dial(.candidate)
        case .dial(.active): resumeActive()
        case .wait(let destination, let duration): wait(duration, for: destination)
        case .stop: finish()
        }
    }

    // MARK: Waiting

    mutating func wait(_ duration: Duration, for destination: Destination) {
        agent.phase = .waiting(destination)
        switch destination {
        case .candidate: order(.setTimer(.nextTry, after: duration))
        case .active:
            agent.isRetrySet = true
            order(.setTimer(.retry, after: duration))
            if agent.watch.loss == .complete { beginReturn() } else { useStandbyIfDue() }
        }
    }

    /// Continues with the active server after a candidate: its backoff is neither shortened nor reset.
    mutating func resumeActive() {
        if agent.isRetrySet {
            agent.phase = .waiting(.active)
        } else {
            dial(.active)
        }
    }

    mutating func cancelRetry() {
        guard agent.isRetrySet else { return }
        agent.isRetrySet = false
        order(.cancelTimer(.retry))
    }

    /// Waits before the active server is dialled again.
    mutating func wait(advice: Duration?, least: Duration = .zero) {
        wait(nextBackoff(advice: advice, least: least), for: .active)
    }

    mutating func nextBackoff(advice: Duration?, least: Duration = .zero) -> Duration {
        defer { agent.failures += 1 }
        return agent.configuration.backoff.wait(attempt: agent.failures, chance: chance, advice: advice, least: least)
    }

    mutating func retryDue() {
        agent.isRetrySet = false
        switch agent.phase {
        case .waiting(.active): dial(.active)
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    mutating func nextTryDue() {
        if agent.failedMoves?.wait == .running { agent.failedMoves?.wait = .over }
        switch agent.phase {
        case .waiting(.candidate): dial(.candidate)
        case .online:
            considerWaitingOffer()
            flush()
        case .waiting, .idle, .dialing, .reporting, .leaving, .stopped: break
        }
    }

    mutating func answerOverdue() {
        switch agent.phase {
        // OpAMP obliges no server to answer over a WebSocket, and the transport knows whether its peer is there. On
        // probation the way back must not wait for such a server.
        case .reporting(let connection)
        where connection.destination == .active && !connection.isHTTP && agent.state.probation == nil:
            note(
                .warning, .unanswered,
                [
                    "endpoint": connection.endpoint.description,
                    "reason": "The server has not answered the first report. The connection stays, and renewals wait.",
                    "next": "Read the server's log for this time.",
                ])
            stayUnaccepted(connection)
        case .reporting(let connection) where connection.destination == .active:
            order(.drop(connection.id))
            lose(connection, by: .failed(DialFailure(.timeout, "no answer to the first report")))
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    /// No timer of a session outlives it.
    private mutating func cancelSessionTimers() {
        for timer in [AgentTimer.heartbeat, .answer, .stable, .renewal] { order(.cancelTimer(timer)) }
    }
}

extension Agent {
    func server(of destination: Destination) -> ServerSettings {
        switch destination {
        case .active: state.active
        case .candidate: state.candidate?.server ?? state.active
        }
    }

    /// A candidate's server receives the identifier of the handover.
    func handoverEpoch(for destination: Destination) -> HandoverEpoch {
        let trying = destination == .candidate ? state.candidate?.handover : nil
        return HandoverEpoch(trying?.epoch ?? state.epoch, handover: trying?.id ?? state.handoverID)
    }

    func extraHeaders(for destination: Destination) -> [HeaderField] {
        var headers = [HeaderField(MoveHeader.instanceUID, Secret(state.instanceUID.description))]
        switch destination {
        case .active:
            if awaitsEnrolment, isAtConfiguredServer, let token = configuration.bootstrapToken {
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

extension ConnectionEnd {
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

    var nextAction: String? {
        switch self {
        case .closed: nil
        case .failed(let failure): failure.nextAction
        }
    }

    var retryAfter: Duration? {
        switch self {
        case .closed: nil
        case .failed(let failure): failure.retryAfter
        }
    }

    /// More attempts soon would only look like an attack, or be what an overloaded server has asked to be spared without
    /// saying for how long (OpAMP, Throttling).
    var wantsPause: Bool {
        switch cause {
        case .some(let cause) where cause.isRefusalOfLeaf: true
        case .http(status: 429), .http(status: 503): retryAfter == nil
        default: false
        }
    }
}
