package import Certificates
import HandoverToken
package import OpAMPProto
import Vocabulary

/// What one message of an agent, or the end of its session, means: decided from `SessionFacts` alone.
///
/// The shell saves row, handovers and audit facts in one transaction, then carries out the directives of the handovers,
/// then sends the answer. Nothing has happened, and nothing is answered, when that transaction fails.
package struct SessionStep: Sendable {
    /// A step of a handover that belongs into the transaction, in this order.
    package enum Change: Sendable {
        case source(HandoverStep<SourceHandover>)
        case target(HandoverStep<TargetHandover>)
    }

    /// An event, and the phase in which the handover was then.
    package enum Told: Hashable, Sendable {
        case source(SourceHandover.Phase, SourceHandover.Event)
        case target(TargetHandover.Phase, TargetHandover.Event)
    }

    package let standing: SessionStanding
    package internal(set) var row: AgentRecord?
    package internal(set) var memory: SessionMemory
    package internal(set) var changes: [Change] = []
    /// What was told to which handover, in the order of events, whether it changed anything or not.
    package private(set) var told: [Told] = []
    /// About the agent, beside what the handovers say.
    package internal(set) var audit: [AuditFact] = []
    package internal(set) var answer = OpAMPAnswer.nothing
    /// A leaf to be signed; `issued` takes it.
    package internal(set) var order: LeafOrder?
    /// Two hosts seem to use the agent's identity.
    package internal(set) var copy: CopyWatch.Finding?

    let facts: SessionFacts
    let now: Timestamp
    var sources: [SourceHandover]
    var targets: [TargetHandover]

    init(_ facts: SessionFacts, at now: Timestamp) {
        standing = facts.standing(at: now)
        (row, memory, sources, targets) = (facts.row, facts.memory, facts.sources, facts.targets)
        (self.facts, self.now) = (facts, now)
    }

    /// One message.
    package init(after report: AgentReport, with facts: SessionFacts) {
        self.init(facts, at: report.at)
        memory.heard(at: report.at)
        switch standing {
        case .over: answer = .sessionOver
        case .movedOn(let handover): sendToPeer(report, handover)
        case .member, .arriving:
            record(report)
            tellHandovers(report)
            guard isStillAccepted else {
                answer = .sessionOver
                return
            }
            noteSession()
            if !report.message.agentDisconnect { instruct(report) }
        }
        if report.message.agentDisconnect, standing != .over { end(.agentDisconnected) }
    }

    /// Whether the answer is to say what else the server wants of the agent.
    package var isInstructing: Bool {
        answer.content.errorResponse == nil && answer.dismissal == nil && !memory.isOver
            && (standing == .member || row?.presence == .arriving)
    }

    /// The configuration that is due to the row.
    package mutating func configure(_ offer: AgentRemoteConfig?) { answer.content.remoteConfig = offer }

    /// The leaf that `order` asks for. It is pending until the agent has shown it.
    package mutating func issued(_ leaf: Certificate) {
        guard let row else { return }
        audit.append(
            AuditFact(
                .leafRenewed, entityType: "agent", entityID: row.id.description,
                before: facts.session.leaf.description, after: leaf.fingerprint.description))
        self.row?.pendingLeaf = leaf
        answer.content.connectionSettings = try? .leaf(leaf, over: facts.session.transport)
    }

    // MARK: Handovers

    mutating func tell(_ event: SourceHandover.Event, _ id: HandoverID) {
        guard let index = sources.firstIndex(where: { $0.id == id }) else { return }
        told.append(.source(sources[index].phase, event))
        guard let step = try? sources[index].next(after: event, at: now), step.state != sources[index] || !step.isEmpty
        else { return }
        sources[index] = step.state
        apply(step.rows)
        changes.append(.source(step))
    }

    mutating func tell(_ event: TargetHandover.Event, _ id: HandoverID) {
        guard let index = targets.firstIndex(where: { $0.id == id }) else { return }
        told.append(.target(targets[index].phase, event))
        guard let step = try? targets[index].next(after: event, at: now), step.state != targets[index] || !step.isEmpty
        else { return }
        targets[index] = step.state
        apply(step.rows)
        changes.append(.target(step))
    }

    private mutating func apply(_ rows: [RowChange]) {
        for change in rows where change.agent == row?.id { row = change.applied(to: row) }
    }

    /// Tells every handover of the row that the agent's doings still matter to.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    mutating func departures(_ event: (SourceHandover) -> SourceHandover.Event?) -> Bool {
        let agent = facts.session.agent
        let told = sources.filter { $0.agent == agent && $0.concernsAgent }.compactMap { machine in
            event(machine).map { (machine.id, $0) }
        }
        for (id, event) in told { tell(event, id) }
        return !told.isEmpty
    }

    mutating func arrivals(_ event: (TargetHandover) -> TargetHandover.Event?) {
        let agent = facts.session.agent
        for machine in targets where machine.agentRow == agent && machine.isOpen {
            if let event = event(machine) { tell(event, machine.id) }
        }
    }

    /// Not when this very message has ended the handover that let it in.
    private var isStillAccepted: Bool {
        guard case .arriving(let id) = standing else { return true }
        return targets.first { $0.id == id }?.phase.admitsLeaf ?? false
    }

    private mutating func noteSession() {
        guard let row else { return }
        // Of an agent with another leaf that is accepted, the next message tells whether it stays with that one.
        memory.isSettled = standing == .member && row.fingerprint == facts.session.leaf
    }
}

// MARK: - The row

extension SessionStep {
    private mutating func record(_ report: AgentReport) {
        guard var row else { return }
        row.take(report)
        let leaf = facts.session.certificate
        if standing == .member {
            row.seen(with: leaf, hasStayed: !report.isFirst && !report.message.agentDisconnect, at: now)
            if let refused = refusedLeaf(report, row) { row.refuses(refused, presenting: leaf, at: now) }
            if row.presence.isHere { row.presence = .live }
        } else if row.presence == .arriving {
            row.arrives(with: leaf)
        }
        if let epoch = report.epoch?.epoch, report.isFirst { row.epoch = max(row.epoch, epoch) }
        if let finding = report.copy { note(finding, &row) }
        memory.tooLarge = report.state.tooLarge
        if let status = report.state.connectionSettingsStatus, status.lastConnectionSettingsHash == row.offeredSettings
        {
            memory.appliedTrust = status.status == .applied ? status.lastConnectionSettingsHash : nil
        }
        if !report.dropped.isEmpty {
            audit.append(
                AuditFact(
                    .reportTooLarge, entityType: "agent", entityID: row.id.description,
                    additional: .members(["parts": .string(report.dropped.names.joined(separator: ", "))])))
        }
        self.row = row
    }

    /// The agent says that it could not do with the leaf that was issued to it. It does not try the same offer twice.
    private func refusedLeaf(_ report: AgentReport, _ row: AgentRecord) -> Certificate? {
        guard let status = report.settingsStatus, status.status == .failed else { return nil }
        return [row.pendingLeaf, row.leaf].compactMap(\.self).first { leaf in
            let offer = try? ConnectionSettingsOffers.leaf(leaf, over: facts.session.transport)
            return offer?.hash == status.lastConnectionSettingsHash
        }
    }

    private mutating func note(_ finding: CopyWatch.Finding, _ row: inout AgentRecord) {
        copy = finding
        let isNews = row.copyDetectedAt.map { now - $0 >= AgentRecord.copyReminder || now < $0 } ?? true
        guard isNews else { return }
        row.copyDetectedAt = now
        audit.append(
            AuditFact(
                .copyDetected, entityType: "agent", entityID: row.id.description, after: finding.rawValue,
                additional: .members(["fingerprint": .string(facts.session.leaf.description)])))
    }
}

extension AgentRecord {
    /// How often an agent with a copy is written down again.
    package static let copyReminder = Duration.seconds(3600)

    /// Takes over what the agent reports about itself. Its instance uid is the row's to give.
    fileprivate mutating func take(_ report: AgentReport) {
        let state = report.state
        if let description = state.description {
            self.description = description
            displayName = description.displayName ?? displayName
        }
        capabilities = state.capabilities
        health = state.health ?? health
        // An agent that starts a new session has lost what an earlier session was about to apply, unless it reports
        // otherwise.
        if report.isFirst, configurationStatus?.status == .applying { configurationStatus = nil }
        configurationStatus = state.remoteConfigStatus ?? configurationStatus
        lastSeen = report.at
    }
}

// MARK: - What the agent is told

extension SessionStep {
    /// What the server wants of the agent beyond the reply itself. Its configuration is the shell's to add.
    private mutating func instruct(_ report: AgentReport) {
        guard let row else { return }
        if standing == .member { identify(report, row) }
        if report.isFirst || report.changes.contains(.customCapabilities), report.knowsHandovers {
            answer.content.customMessage = facts.news?.statement
        }
        memory.awaitsFullState = report.needsFullState
        if report.isFirst { memory.owesTrust = true }
        guard standing == .member else { return }
        if report.message.connectionSettingsRequest != nil {
            renewLeaf(report, row)
        } else if memory.owesTrust {
            // An offer sends the agent away, and with it the answer to whatever it has asked meanwhile.
            // Until its whole state is known, nobody knows whether it reads the statement that goes with the offer.
            let goesBefore = report.isFollowed || facts.hasHandover
            memory.owesTrust = report.needsFullState || goesBefore && facts.news?.authorities != nil
            guard !memory.owesTrust,
                let offer = facts.trustOffer(to: row, after: report.state.connectionSettingsStatus)
            else { return }
            answer.content.connectionSettings = offer
            // CAs that no statement names are refused, and the last one may be older than these.
            if report.knowsHandovers { answer.content.customMessage = facts.news?.statement }
            self.row?.offeredSettings = offer.hash
        }
    }

    /// An agent has a uid other than its row's only when it asked for one; an agent that reports another uid gets the
    /// row's.
    private mutating func identify(_ report: AgentReport, _ row: AgentRecord) {
        if report.message.flags.contains(.requestInstanceUID) {
            let fresh = facts.freshInstanceUID
            audit.append(
                AuditFact(
                    .instanceUIDChanged, entityType: "agent", entityID: row.id.description,
                    before: row.instanceUID.description, after: fresh.description))
            self.row?.instanceUID = fresh
            answer.content.agentIdentification = AgentIdentification(newInstanceUID: fresh.bytes)
        } else if report.isFirst, report.message.instanceUID != row.instanceUID.bytes {
            answer.content.agentIdentification = AgentIdentification(newInstanceUID: row.instanceUID.bytes)
        }
    }

    /// A leaf for an agent that asks for one; the one that was issued before, when the agent has not come with it since
    /// and asks over the same key: that answer was lost.
    private mutating func renewLeaf(_ report: AgentReport, _ row: AgentRecord) {
        // The target awaits the very leaf that its token names.
        guard row.presence.isHere, !sources.contains(where: { $0.agent == row.id && $0.phase.isUnderWay }) else {
            return
        }
        do throws(FleetRefusal) {
            let order = try LeafOrder(report.message.connectionSettingsRequest, row: row.id, at: now)
            let issued = row.pendingLeaf ?? row.leaf
            let present = facts.session.certificate
            if let issued, issued != present, issued.publicKey == order.publicKey, issued.notAfter >= present.notAfter {
                answer.content.connectionSettings = try? .leaf(issued, over: facts.session.transport)
            } else {
                self.order = order
            }
        } catch {
            answer = .badRequest(error.operatorMessage.description)
        }
    }
}
