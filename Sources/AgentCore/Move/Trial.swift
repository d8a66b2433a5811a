import Vocabulary

/// What a candidate's dials have shown so far. Volatile: a restart clears it; the candidate itself counts the attempts.
struct Trial: Equatable, Sendable {
    private(set) var tries = 0
    private(set) var refusals = 0
    private(set) var bareCloses = 0
    private(set) var losses = 0
    private(set) var namesUnknown = 0
    /// The candidate leads to the server that made the offer, so it was there a moment ago.
    var isSameServer = false
    /// The last failure in words, for a verdict by timeout.
    private(set) var lastFailure = "no answer from the server"

    enum Judgement: Equatable {
        case verdict(MoveCause)
        /// Not a verdict; try again within the deadline, which this does not extend.
        case again(after: Duration)
    }

    mutating func judge(_ end: ConnectionEnd, timings: AgentTimings, chance: UInt64) -> Judgement {
        tries += 1
        switch end {
        case .closed(let code, _):
            lastFailure = "the server closed the connection before its first answer"
            switch code {
            case 1001, 1012, 1013: return .again(after: backoff(timings, chance: chance))
            case nil where isSameServer: return .again(after: backoff(timings, chance: chance))
            case nil:
                // A server that dies says nothing. One that is there again at the second try was restarted.
                losses += 1
                return losses > 1 ? .verdict(.protocol) : .again(after: timings.secondTry)
            // The upgrade was granted and then no answer came: not what an OpAMP server does.
            default: return .verdict(.protocol)
            }
        case .failed(let failure):
            let words = failure.explanation
            lastFailure = words.isEmpty ? failure.cause.code : "\(failure.cause.code), \(words)"
            if failure.closedBeforeAnswer {
                bareCloses += 1
                return bareCloses > 1 ? .verdict(.tlsLeafRefused) : .again(after: timings.secondTry)
            }
            if failure.isTemporary { return .again(after: backoff(timings, chance: chance)) }
            switch failure.cause {
            case .http(429), .http(502), .http(503), .http(504), .timeout:
                return .again(after: backoff(timings, chance: chance, advice: failure.retryAfter))
            // It restarts.
            case .tcp where isSameServer: return .again(after: backoff(timings, chance: chance))
            case .tcp:
                refusals += 1
                return refusals > 1 ? .verdict(.tcp) : .again(after: timings.secondTry)
            // The proxy did not reach the server, which may be starting.
            case .proxy where failure.httpStatus.map { (500...599).contains($0) } ?? false:
                refusals += 1
                return refusals > 1 ? .verdict(.proxy) : .again(after: timings.secondTry)
            case .dns:
                namesUnknown += 1
                return namesUnknown > 1 ? .verdict(.dns) : .again(after: timings.secondTry)
            case .proxy, .tlsUntrusted, .tlsName, .tlsExpired, .tlsLeafRefused, .http, .protocol, .serverError,
                .policy, .token, .storage, .probation:
                return .verdict(failure.cause)
            }
        }
    }

    private func backoff(_ timings: AgentTimings, chance: UInt64, advice: Duration? = nil) -> Duration {
        Backoff(initial: timings.secondTry * 2, maximum: .seconds(5), floor: timings.secondTry)
            .wait(attempt: tries - 1, chance: chance, advice: advice)
    }
}

extension Agent {
    /// A candidate that outlived its process begins a new trial.
    mutating func judge(_ end: ConnectionEnd, timings: AgentTimings, chance: UInt64) -> Trial.Judgement {
        var current = trial ?? Trial()
        current.isSameServer = state.candidate?.server.settings.endpoint == state.active.settings.endpoint
        defer { trial = current }
        return current.judge(end, timings: timings, chance: chance)
    }
}
