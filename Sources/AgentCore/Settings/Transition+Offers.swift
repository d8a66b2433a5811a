import Certificates
import OpAMPProto
import Vocabulary

/// An offer that came while the agent was busy.
struct WaitingOffer: Equatable, Sendable {
    var offers: ConnectionSettingsOffers
    /// Of the server that made it. What it leaves out means that server's own, so it is nothing to any other.
    var origin: String
    var receivedAt: Timestamp

    /// It came again, for example with the answer to each poll.
    func isSame(as other: WaitingOffer) -> Bool { offers == other.offers && origin == other.origin }
}

// What becomes of an offer.
extension Transition {
    mutating func consider(_ offers: ConnectionSettingsOffers, from connection: Connection) {
        consider(WaitingOffer(offers: offers, origin: connection.endpoint.origin, receivedAt: now))
    }

    mutating func considerWaitingOffer() {
        guard let waiting = agent.waitingOffer, agent.failedMoves?.wait != .running,
            agent.meters.work.used < timings.workAtOnce
        else { return }
        agent.waitingOffer = nil
        guard waiting.origin == agent.state.active.settings.endpoint.origin else { return supersede(waiting) }
        consider(waiting)
    }

    private mutating func consider(_ arrival: WaitingOffer) {
        guard agent.takesAny(of: arrival.offers) else {
            return noteProvoked(.warning, .offerIgnored, ["reason": "accepts_opamp_connection_settings is false"])
        }
        let waits = agent.waitingOffer.flatMap { agent.opampPart(of: $0.offers) } != nil
        guard !waits || agent.opampPart(of: arrival.offers) != nil else {
            return noteProvoked(.info, .offerIgnored, ["reason": "an offer of OpAMP connection settings waits"])
        }
        guard let hash = OfferHash(of: arrival.offers) else {
            return noteProvoked(
                .warning, .offerIgnored, ["reason": "its hash is longer than \(OfferHash.longest) bytes"])
        }
        switch agent.phase {
        case .online(let connection) where agent.state.candidate == nil:
            let waiting = agent.waitingOffer
            agent.waitingOffer = nil
            if let waiting, !waiting.isSame(as: arrival) { supersede(waiting) }
            decide(arrival, hash: hash, on: connection)
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped:
            // The offer that is being tried, which the answer to the disconnecting poll may repeat: its verdict
            // follows.
            guard hash != agent.state.candidate?.hash else {
                return noteProvoked(.info, .offerRepeated, ["offer": hash.text])
            }
            // A move is decided before the next begins; of those that wait, the last one wins.
            if let waiting = agent.waitingOffer, !waiting.isSame(as: arrival) { supersede(waiting) }
            wait(arrival, hash)
        }
    }

    private mutating func wait(_ arrival: WaitingOffer, _ hash: OfferHash) {
        agent.waitingOffer = arrival
        noteProvoked(.info, .offerWaits, ["offer": hash.text])
    }

    private mutating func supersede(_ waiting: WaitingOffer) {
        noteProvoked(.info, .offerSuperseded, ["offer": OfferHash(of: waiting.offers)?.text, "from": waiting.origin])
    }

    private mutating func decide(
        _ arrival: WaitingOffer, hash: OfferHash, on connection: Connection
    ) {
        guard mayWork() else { return wait(arrival, hash) }
        if let failed = agent.state.failedOffer(hash, from: arrival.origin), failed.stands(at: now, timings) {
            return answerAgain(failed.verdict)
        }
        // A server that has yet to hear of the failure gives the handover up when it does. The offer is judged anew when it
        // comes after that.
        if let verdict = agent.state.verdict, verdict.hash == hash, verdict.outcome != .applied, hash.reported != nil,
            agent.reporting.owes(.settingsStatus)
        {
            return answerAgain(verdict)
        }
        let hostOffer = agent.hostOffer(in: arrival, hash: hash)
        if let hostOffer, hostOffer == agent.state.hostOffer {
            noteProvoked(.info, .offerRepeated, ["offer": hash.text])
            return provoke(.settingsStatus)
        }
        let active = agent.state.active
        let review = agent.review(receivedAt: arrival.receivedAt)
        do throws(OfferRefusal) {
            let applied = Verdict(hash: hash, outcome: .applied)
            if let grant = arrival.offers.standby {
                if agent.state.standby?.hash == hash, agent.state.verdict == applied { return answerAgain(applied) }
                try hold(forHost: hostOffer)
                try hold(grant, of: arrival, hash: hash)
                ownPartApplied(hash)
                keep()
                return provoke(.settingsStatus)
            }
            // Not that a server offers the same for ever (OpAMP, ConnectionSettingsStatus).
            guard let offer = agent.opampPart(of: arrival.offers) else {
                guard let hostOffer else { throw .otherSettingsOnly }
                if agent.state.verdict == applied { return answerAgain(applied) }
                try hold(forHost: hostOffer)
                ownPartApplied(hash)
                return keep()
            }
            let reading = try review.read(offer)
            // Its token has done its work, and would be refused as one of the past.
            if reading.settings == active.settings, agent.state.verdict == applied { return answerAgain(applied) }
            let resolution = try review.resolve(reading)
            if resolution.isTokenUnchecked { note(.warning, .tokenUnchecked, ["offer": hash.text]) }
            if resolution.server.settings.leaf?.leaf != active.settings.leaf?.leaf {
                agent.leafRequest?.isAnswered = true
            }
            if agent.awaitsLeaf, offer.certificate != nil, resolution.server.settings.leaf != nil {
                try hold(forHost: hostOffer)
                return try storeLeaf(of: resolution, hash: hash, on: connection)
            }
            var rest = resolution.server.settings
            rest.heartbeat = active.settings.heartbeat
            guard rest == active.settings else {
                try checkMoveIsPossible(isRenewal: resolution.server.settings.differsInLeafOnly(from: active.settings))
                guard mayMove(to: resolution.server.settings.endpoint.origin) else {
                    return wait(arrival, hash)
                }
                try hold(forHost: hostOffer)
                return beginMove(to: resolution.server, handover: resolution.handover, hash: hash, from: connection)
            }
            try hold(forHost: hostOffer)
            // Nothing to verify: the connection these settings describe is the one that brought them.
            if resolution.server.settings.heartbeat != active.settings.heartbeat {
                guard canWrite else { throw .stateNotWritable }
                agent.state.active.settings.heartbeat = resolution.server.settings.heartbeat
                agent.state.hasAdopted = true
                armHeartbeat()
            }
            note(.info, .offerUnchanged, ["offer": hash.text])
            ownPartApplied(hash)
        } catch {
            let verdict = Verdict(hash: hash, refused: error)
            guard verdict != agent.state.verdict else { return answerAgain(verdict) }
            agent.state.hostOffer = nil
            let message = error.operatorMessage
            note(
                .error, .offerRefused,
                [
                    "offer": hash.text, "cause": error.moveCause.code, "code": message.code, "reason": message.cause,
                    "next": message.nextAction,
                ])
            record(verdict)
        }
        keep()
        provoke(.settingsStatus)
    }

    /// The answer to an offer that was answered before, for the same reason.
    private mutating func answerAgain(_ verdict: Verdict) {
        noteProvoked(.info, .offerRepeated, ["offer": verdict.hash.text])
        if agent.state.verdict == verdict, agent.state.hostOffer == nil {
            keepIfUnsaved()
        } else {
            agent.state.hostOffer = nil
            record(verdict)
            keep()
        }
        provoke(.settingsStatus)
    }

    func checkMoveIsPossible(isRenewal: Bool) throws(OfferRefusal) {
        guard canWrite else { throw .stateNotWritable }
        guard !isRenewal else { return }
        let policy = agent.configuration.policy
        let window = policy.adoptionWindow
        if let wait = wait(after: agent.state.adoptions, limit: policy.adoptionLimit, in: window) {
            throw .tooManyAdoptions(limit: policy.adoptionLimit, minutes: wait)
        }
        if let wait = wait(after: agent.movesBegun, limit: policy.attemptLimit, in: window) {
            throw .tooManyAttempts(limit: policy.attemptLimit, minutes: wait)
        }
    }

    /// Whole minutes until less than `limit` of these lie within the window; `nil` when it is so now.
    private func wait(after times: [Timestamp], limit: Int, in window: Duration) -> Int64? {
        let recent = times.filter { $0.isWithin(window, of: now) }.sorted()
        guard recent.count >= limit else { return nil }
        let first = recent[recent.count - limit]
        return ((first + window) - now).components.seconds / 60 + 1
    }
}

extension Agent {
    func review(receivedAt: Timestamp) -> OfferReview {
        OfferReview(
            active: state.active, policy: configuration.policy, ownKey: configuration.identity?.publicKey,
            epoch: state.epoch, receivedAt: receivedAt, isOnProbation: state.probation?.isHandover ?? false,
            hasLeafOfItsOwn: configuration.hasLeafOfItsOwn, statedCAs: statedCAs)
    }
}

extension OfferHash {
    /// `nil` when the hash is too long to be kept and repeated to a server.
    init?(of offers: ConnectionSettingsOffers) {
        guard offers.hash.count <= Self.longest else { return nil }
        if offers.hash.isEmpty {
            guard let bytes = try? offers.encoded() else { return nil }
            self = .unnamed(digest: Digest.sha256(bytes))
        } else {
            self = .named(offers.hash)
        }
    }
}
