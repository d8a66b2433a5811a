import OpAMPProto
import Vocabulary

// The part of an offer that is the host program's: its telemetry, and other connections. There is one hash and one status for
// the whole offer. The OpAMP part is tried first; the host is asked once it is in force.
extension Transition {
    /// From here on it has to be answered, also by a later process. An offer without such a part ends the one before.
    mutating func hold(forHost offer: HostOffer?) throws(OfferRefusal) {
        if let offer {
            guard canWrite else { throw .stateNotWritable }
            guard let bytes = try? offer.offers.encoded(), bytes.count <= HostOffer.longest else {
                throw .tooLarge(limit: HostOffer.longest)
            }
        }
        agent.state.hostOffer = offer
    }

    /// The agent's own part of the offer is in force, or it has none.
    mutating func ownPartApplied(_ hash: OfferHash) {
        guard agent.state.hostOffer?.hash == hash else { return record(Verdict(hash: hash, outcome: .applied)) }
        askHost()
    }

    mutating func askHost() {
        guard let offer = agent.state.hostOffer, !agent.state.isTrying(offer.hash) else { return }
        agent.reporting.due.insert(.settingsStatus)
        note(.info, .connectionsHandedOver, ["offer": offer.hash.text])
        order(.applyConnections(offer.hash, offer.offers))
    }

    mutating func hostAnswered(_ hash: OfferHash, rejection: String?) {
        // Another offer has taken its place.
        guard let offer = agent.state.hostOffer, offer.hash == hash, !agent.state.isTrying(hash) else { return }
        agent.state.hostOffer = nil
        if let rejection {
            let refusal = OfferRefusal.rejectedByHost(
                rejection.printable(upTo: 200), isOpAMPPartApplied: offer.hasOpAMPPart)
            let verdict = Verdict(hash: hash, refused: refusal)
            // Its server hears that the offer has failed, and so nothing of it is held.
            if agent.state.standby?.hash == hash { forgetStandby() }
            record(verdict)
            agent.state.remember(verdict, from: offer.origin, at: now)
            let message = refusal.operatorMessage
            note(
                .error, .offerRefused,
                [
                    "offer": hash.text, "cause": refusal.moveCause.code, "code": message.code, "reason": message.cause,
                    "next": message.nextAction,
                ])
        } else {
            record(Verdict(hash: hash, outcome: .applied))
            note(.info, .connectionsApplied, ["offer": hash.text])
        }
        keep()
        agent.reporting.due.insert(.settingsStatus)
        flush()
    }
}

extension Agent {
    /// `nil` where the agent takes none.
    func opampPart(of offers: ConnectionSettingsOffers) -> OpAMPConnectionSettings? {
        capabilities.contains(.acceptsOpAMPConnectionSettings) ? offers.opamp : nil
    }

    /// `nil` where the offer holds nothing that the host takes.
    func hostOffer(in arrival: WaitingOffer, hash: OfferHash) -> HostOffer? {
        let offers = hostPart(of: arrival.offers)
        guard offers != ConnectionSettingsOffers(hash: offers.hash) else { return nil }
        return HostOffer(
            hash: hash, origin: arrival.origin, hasOpAMPPart: opampPart(of: arrival.offers) != nil, offers: offers)
    }

    /// Whether an offer gets an answer: one that an agent takes nothing of is answered by an agent that takes OpAMP settings.
    func takesAny(of offers: ConnectionSettingsOffers) -> Bool {
        capabilities.contains(.acceptsOpAMPConnectionSettings)
            || hostPart(of: offers) != ConnectionSettingsOffers(hash: offers.hash)
    }

    private func hostPart(of offers: ConnectionSettingsOffers) -> ConnectionSettingsOffers {
        func ifTaken<Part>(_ part: Part?, _ capability: AgentCapabilities) -> Part? {
            configuration.capabilities.contains(capability) ? part : nil
        }
        // The grant is the agent's own.
        let others = offers.otherConnections.filter { $0.key != StandbyGrant.connection }
        return ConnectionSettingsOffers(
            hash: offers.hash, ownMetrics: ifTaken(offers.ownMetrics, .reportsOwnMetrics),
            ownTraces: ifTaken(offers.ownTraces, .reportsOwnTraces), ownLogs: ifTaken(offers.ownLogs, .reportsOwnLogs),
            otherConnections: ifTaken(others, .acceptsOtherConnectionSettings) ?? [:])
    }
}

extension AgentState {
    /// The OpAMP part of this offer is not in force yet. A standby grant, or a way back, has the hash of an offer whose time
    /// has been.
    func isTrying(_ hash: OfferHash) -> Bool {
        guard let candidate, case .offer = candidate.origin else { return unprovenLeaf?.offer == hash }
        return candidate.hash == hash
    }

    mutating func forgetHostOffer(_ hash: OfferHash) {
        if hostOffer?.hash == hash { hostOffer = nil }
    }
}
