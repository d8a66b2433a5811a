import HandoverToken
import OpAMPProto
package import Vocabulary

// What an agent's messages, and the end of its session, mean to the handovers it takes part in.
extension SessionStep {
    mutating func tellHandovers(_ report: AgentReport) {
        if case .arriving(let handover) = standing {
            if comesBack(report, despite: handover) { return }
            noteEpoch(report)
            return arrive(report, handover)
        }
        var isLeaving = false
        // What it says of an offer comes before that it is here: an agent that has failed is back, not merely connected.
        if let status = report.settingsStatus {
            let hash = status.lastConnectionSettingsHash
            switch status.status {
            case .failed:
                let words = status.words
                departures { _ in .agentFailed(hash: hash, message: words) }
            case .applying: isLeaving = departures { $0.offerHashes.contains(hash) ? .agentLeaving : nil }
            case .unset, .applied, .unrecognized: break
            }
        }
        noteEpoch(report)
        // A poll after an offer says that the agent is still here, as a new connection does.
        guard report.isFirst || memory.hasOffer, !report.message.agentDisconnect else { return }
        let (isPoll, now) = (facts.session.transport == .polling, now)
        let mayBeLate = isPoll && sources.contains { $0.mayBeOvertaken(at: now) }
        // The very message that says that it goes does not say that it has stayed; the next one would.
        let isAwaited =
            isLeaving || departures { isPoll && $0.mayBeOvertaken(at: now) ? nil : .agentConnected }
        memory.hasOffer = mayBeLate || isAwaited && memory.hasOffer
        if report.isFirst { arrivals { _ in .agentConnected } }
    }

    /// The highest known epoch takes precedence, and it may be the agent's.
    private mutating func noteEpoch(_ report: AgentReport) {
        guard report.isFirst, let epoch = report.epoch?.epoch else { return }
        departures { $0.claims.epoch < epoch ? .higherEpochSeen(epoch) : nil }
        arrivals { $0.claims.epoch < epoch ? .higherEpochSeen(epoch) : nil }
    }

    /// An agent that gave up an earlier move is back by that, and not by the handover that awaits it here: it has never
    /// seen that one's offer. The handover ends first, because its end gives the row away again.
    private mutating func comesBack(_ report: AgentReport, despite handover: HandoverID) -> Bool {
        guard let status = report.settingsStatus, status.status == .failed else { return false }
        let (hash, words, agent) = (status.lastConnectionSettingsHash, status.words, facts.session.agent)
        let given = sources.filter { $0.agent == agent && $0.isGivenBack(by: hash, saying: words) }
        guard !given.isEmpty else { return false }
        tell(.withdrawRequested(reason: "The agent came back from an earlier handover."), handover)
        for machine in given { tell(.agentFailed(hash: hash, message: words), machine.id) }
        return true
    }

    private mutating func arrive(_ report: AgentReport, _ handover: HandoverID) {
        if report.isFirst { tell(TargetHandover.Event.agentConnected, handover) }
        let reportsStatus = report.state.capabilities.contains(.reportsConnectionSettingsStatus)
        if let status = report.state.connectionSettingsStatus, status.status == .applied,
            report.changes.contains(.connectionSettingsStatus)
        {
            let hash = status.lastConnectionSettingsHash
            tell(.agentCommitted(report.knowsHandovers ? .certain(hash: hash) : .applied(hash: hash)), handover)
        } else if !report.isFirst, !report.message.agentDisconnect,
            now - facts.session.openedAt >= HandoverTiming.silence
        {
            // It names the handover as long as it only tries this server. Without it, it was set back to a time when this
            // was its server, and never says APPLIED.
            let isAtHome = report.knowsHandovers && facts.session.handover == nil
            tell(.agentCommitted(reportsStatus && !isAtHome ? .staying : .silent), handover)
        }
    }

    /// An agent that belongs to a peer is answered with the way there, and nothing else of what it says counts - but
    /// that it has failed to get there.
    mutating func sendToPeer(_ report: AgentReport, _ handover: HandoverID) {
        if let status = report.settingsStatus, status.status == .failed {
            tell(.agentFailed(hash: status.lastConnectionSettingsHash, message: status.words), handover)
            if sources.first(where: { $0.id == handover })?.phase == .returned {
                answer = belongsHere ? .comeAgain : .sessionOver
                return
            }
        }
        guard report.isFirst || memory.hasOffer, !report.message.agentDisconnect else { return }
        if let machine = sources.first(where: { $0.id == handover }), !machine.leadsOn(report.epoch) {
            // An answer would make it believe that it is at home here.
            answer = .unavailable(retryAfter: .seconds(5), "The agent belongs to another server.")
            return
        }
        memory.hasOffer = false
        tell(SourceHandover.Event.agentConnected, handover)
    }

    /// Whether the end of a handover has made the agent this server's. An earlier one may have given it away for good.
    private var belongsHere: Bool {
        var facts = facts
        facts.sources = sources
        facts.row = row
        if facts.rowOfLeaf?.id == row?.id { facts.rowOfLeaf = row }
        return facts.standing(at: now) != .over
    }

    /// The answer to a poll took this offer along.
    package init(sending hash: [UInt8], with facts: SessionFacts, at now: Timestamp) {
        self.init(facts, at: now)
        for machine in sources where machine.offerHashes.contains(hash) { tell(.offerSent, machine.id) }
    }
}

/// How a session ended.
package enum SessionEnding: Hashable, Sendable {
    /// It said so (`agent_disconnect`).
    case agentDisconnected
    /// The connection closed or broke; either side may have closed it.
    case lost
    /// The same agent connected again; the newest connection stands.
    case replaced
    /// The server sent it away, for this reason.
    case dismissed(String)
    /// No poll for too long.
    case silent
}

extension SessionStep {
    /// The end of a session. What a newer one has said already is not taken back.
    package init(ending: SessionEnding, with facts: SessionFacts, at now: Timestamp) {
        self.init(facts, at: now)
        if ending != .replaced { end(ending) }
    }

    mutating func end(_ ending: SessionEnding) {
        guard !facts.isReplaced, !memory.isOver else { return }
        memory.isOver = true
        if var row {
            row.lastSeen = max(memory.lastHeard, row.lastSeen ?? memory.lastHeard)
            if row.presence == .live || row.presence == .stale { row.presence = .offline }
            self.row = row
        }
        let leaf = facts.session.leaf
        arrivals { $0.claims.leaf == leaf ? .agentDisconnected : nil }
        if ending == .agentDisconnected { departures { _ in .agentDisconnected } }
    }
}

extension ConnectionSettingsStatus {
    /// Why it failed, in the agent's words. They go into the audit trail and to the peer, which both have room for a
    /// sentence and not for a message of ten megabytes.
    fileprivate var words: String { errorMessage.printable(upTo: HandoverNotice.longestFact) }
}

extension SourceHandover.Phase {
    /// Between the redemption and the arrival.
    package var isUnderWay: Bool {
        switch self {
        case .redeemed, .offered, .leaving: true
        case .issued, .moved, .settled, .expired, .cancelled, .returned: false
        }
    }
}
