import HandoverToken
import OpAMPProto
import ServerCore
import ServerStorage
import Vocabulary

// What an agent's messages mean to the handovers it takes part in.
extension FleetService {
    /// - Parameter standing: what a member says of itself in its first report.
    func tellHandovers(_ report: AgentReport, _ session: AgentSession, _ standing: AgentEpoch?) async {
        if case .arriving(let handover) = session.standing {
            if await !comesBack(report, session, despite: handover) { await arrive(report, session, handover) }
            return
        }
        // What it says of an offer comes before that it is here: an agent that has failed is back, not merely connected.
        if let status = report.message.connectionSettingsStatus {
            let hash = status.lastConnectionSettingsHash
            switch status.status {
            case .failed:
                let words = status.words
                await departures(of: session) { _ in .agentFailed(hash: hash, message: words) }
            case .applying: await departures(of: session) { $0.offerHashes.contains(hash) ? .agentLeaving : nil }
            case .unset, .applied, .unrecognized: break
            }
        }
        if let epoch = standing?.epoch {
            await departures(of: session) { $0.claims.epoch < epoch ? .higherEpochSeen(epoch) : nil }
            await arrivals(of: session) { $0.claims.epoch < epoch ? .higherEpochSeen(epoch) : nil }
        }
        // A poll after an offer says that the agent is still here, as a new connection does.
        guard report.isFirst || hasOffer(session) && !report.message.agentDisconnect else { return }
        setHasOffer(await departures(of: session) { _ in .agentConnected } && hasOffer(session), session)
        if report.isFirst { await arrivals(of: session) { _ in .agentConnected } }
    }

    func sent(_ offers: ConnectionSettingsOffers, to session: AgentSession) async {
        if await departures(of: session, { $0.offerHashes.contains(offers.hash) ? .offerSent : nil }) {
            setHasOffer(true, session)
        }
    }

    /// An agent that gave up an earlier move is back by that, and not by the handover that awaits it here: it has never
    /// seen that one's offer. The handover ends first, because its end gives the row away again.
    private func comesBack(
        _ report: AgentReport, _ session: AgentSession, despite handover: HandoverID
    ) async -> Bool {
        guard let status = report.message.connectionSettingsStatus, status.status == .failed else { return false }
        let (hash, words) = (status.lastConnectionSettingsHash, status.words)
        let given = try? await server.database.read { tables in
            try tables.sources.concerning(agent: session.agent).map(\.machine)
                .filter { $0.isGivenBack(by: hash, saying: words) }
        }
        guard let given, !given.isEmpty else { return false }
        let context = AuditContext.agent(session)
        await shell.tell(
            .withdrawRequested(reason: "The agent came back from an earlier handover."), TargetHandover.self,
            of: handover, by: context)
        for machine in given {
            await shell.tell(
                .agentFailed(hash: hash, message: words), SourceHandover.self, of: machine.id, by: context)
        }
        return true
    }

    private func arrive(_ report: AgentReport, _ session: AgentSession, _ handover: HandoverID) async {
        let context = AuditContext.agent(session)
        if report.isFirst { await shell.tell(.agentConnected, TargetHandover.self, of: handover, by: context) }
        let reportsStatus = report.state.capabilities.contains(.reportsConnectionSettingsStatus)
        if let status = report.state.connectionSettingsStatus, status.status == .applied,
            report.changes.contains(.connectionSettingsStatus)
        {
            let hash = status.lastConnectionSettingsHash
            let knowsHandovers =
                report.state.customCapabilities?.capabilities.contains(MoveMessage.capability) ?? false
            await shell.tell(
                .agentCommitted(knowsHandovers ? .certain(hash: hash) : .applied(hash: hash)), TargetHandover.self,
                of: handover, by: context)
        } else if !report.isFirst, report.at - session.openedAt >= HandoverTiming.silence {
            await shell.tell(
                .agentCommitted(reportsStatus ? .staying : .silent), TargetHandover.self, of: handover, by: context)
        }
    }

    /// An agent that belongs to a peer is answered with the way there, and nothing else of what it says counts - but
    /// that it has failed to get there.
    func sendToPeer(_ report: AgentReport, _ session: AgentSession, _ handover: HandoverID) async -> OpAMPAnswer {
        let context = AuditContext.agent(session)
        if let status = report.message.connectionSettingsStatus, status.status == .failed {
            let failed = SourceHandover.Event.agentFailed(
                hash: status.lastConnectionSettingsHash, message: status.words)
            await shell.tell(failed, SourceHandover.self, of: handover, by: context)
            let phase = try? await server.database.read { try $0.sources.find(handover)?.machine.phase }
            // It is ours again: it comes back as the member that it now is.
            if phase == .returned { return OpAMPAnswer(dismissal: "The agent is this server's again; connect anew.") }
        }
        guard report.isFirst else { return .nothing }
        if let machine = try? await server.database.read({ try $0.sources.find(handover)?.machine }),
            !machine.leadsOn(AgentEpoch(of: report.message))
        {
            // An answer would make it believe that it is at home here.
            return .unavailable(retryAfter: .seconds(5), "The agent belongs to another server.")
        }
        await shell.tell(.agentConnected, SourceHandover.self, of: handover, by: context)
        return .nothing
    }

    /// Tells every open handover in which this agent leaves.
    ///
    /// - Returns: whether there was one that had to be told.
    @discardableResult
    func departures(
        of session: AgentSession, _ event: @Sendable (SourceHandover) -> SourceHandover.Event?
    ) async -> Bool {
        let open = try? await server.database.read { try $0.sources.pending(agent: session.agent) }
        let told = (open ?? []).compactMap { machine in event(machine).map { (machine.id, $0) } }
        for (id, event) in told { await shell.tell(event, SourceHandover.self, of: id, by: .agent(session)) }
        return !told.isEmpty
    }

    private func arrivals(
        of session: AgentSession, _ event: @Sendable (TargetHandover) -> TargetHandover.Event?
    ) async {
        let open = try? await server.database.read { try $0.targets.open(agent: session.agent).map(\.machine) }
        for machine in open ?? [] {
            guard let event = event(machine) else { continue }
            await shell.tell(event, TargetHandover.self, of: machine.id, by: .agent(session))
        }
    }
}

extension ConnectionSettingsStatus {
    /// Why it failed, in the agent's words. They go into the audit trail and to the peer, which both have room for a
    /// sentence and not for a message of ten megabytes.
    fileprivate var words: String { errorMessage.printable(upTo: HandoverNotice.longestFact) }
}
