import AgentCore
import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

/// One agent's session as a server's process knows it.
final class Session {
    let line: Line
    let number: UInt64
    let proof: SessionProof
    var conversation = AgentConversation(transport: .webSocket)
    var memory: SessionMemory
    /// A message has come; an upgrade alone is no session.
    var hasSpoken = false

    var row: AgentID { proof.agent }
    var leaf: Fingerprint { proof.certificate.fingerprint }

    init(_ line: Line, number: UInt64, row: AgentID, leaf: Certificate, handover: HandoverID?, at now: Timestamp) {
        (self.line, self.number) = (line, number)
        proof = SessionProof(agent: row, certificate: leaf, handover: handover, transport: .webSocket, openedAt: now)
        memory = SessionMemory(at: now)
    }
}

// Who may come in, and what agents' messages mean: loaded here, decided by the product, saved and carried out here.
extension Server {
    enum Admission {
        case admitted(Session)
        case refused(status: Int)
    }

    func session(of row: AgentID) -> Session? { sessions.first { $0.row == row && $0.hasSpoken } }

    func decision(on leaf: Certificate?, for handover: HandoverID? = nil) -> LeafAcceptance.Decision {
        let known = leaf.map { tables.records(ofLeaf: $0.fingerprint) }
        return LeafAcceptance(
            presented: leaf, bearsBootstrapToken: false, row: known?.row, arrivals: known?.arrivals ?? [],
            departures: known?.departures ?? [], ownAuthorities: authorities,
            newerLeafIsLive: isNewerLive(known?.row, than: leaf), handover: handover
        ).decision(at: wall)
    }

    private func isNewerLive(_ row: AgentRecord?, than leaf: Certificate?) -> Bool {
        guard let row, row.leaf != leaf else { return false }
        return session(of: row.id).map { $0.leaf == row.fingerprint } ?? false
    }

    func admit(_ line: Line) -> Admission {
        guard let leaf = line.dial.settings.leaf?.leaf else { return .refused(status: 401) }
        let named = line.dial.extraHeaders.first { $0.name == MoveHeader.handoverID }
        let handover = named.flatMap { HandoverID($0.value.revealText()) }
        let decision = decision(on: leaf, for: handover)
        world.checkAdmission(decision, of: leaf, at: self)
        world.note("\(place.name) meets agent \(line.host): \(decision.short)")
        switch decision {
        case .agent(let row), .movedOn(let row, _), .arriving(let row, _):
            if case .arriving(_, let id) = decision, world.broken == .liveAtConnect {
                tables.edit(row) { $0.presence = .live }
                world.checkRowLive(row, by: id, at: self)
            }
            sessionCount += 1
            return .admitted(
                Session(line, number: sessionCount, row: row, leaf: leaf, handover: handover, at: wall))
        case .refused(.tooEarly): return .refused(status: 503)
        case .bootstrap, .refused: return .refused(status: 403)
        }
    }

    /// The newest session of an agent that has said something stands.
    private func enter(_ session: Session) {
        guard !session.hasSpoken else { return }
        let old = self.session(of: session.row)
        session.hasSpoken = true
        if let old { end(old, .replaced) }
    }

    func end(_ session: Session, _ ending: SessionEnding) {
        guard let index = sessions.firstIndex(where: { $0 === session }) else { return }
        sessions.remove(at: index)
        session.line.session = nil
        if session.line.atHost != .gone {
            session.line.toHost(in: world) { [world] in
                world.hosts[session.line.host].ended(session.line, .closed(code: 1008, reason: "\(ending)"))
            }
        }
        copies.ended(session.number, of: session.row, at: wall)
        guard session.hasSpoken, isUp else { return }
        let facts = facts(of: session)
        let step = SessionStep(ending: ending, with: facts, at: wall)
        guard (try? save(step, from: facts)) != nil else { return }
        carryOut(step.changes)
    }

    func send(_ message: ServerToAgent, over session: Session) {
        let line = session.line
        line.toHost(in: world) { [world] in world.hosts[line.host].received(line, message) }
    }

    // MARK: Messages

    func facts(of session: Session, isFailing: Bool = false) -> SessionFacts {
        let records = tables.records(of: session.proof, isFailing: isFailing)
        return SessionFacts(
            session: session.proof, memory: session.memory, row: tables.row(session.row), rowOfLeaf: records.row,
            sources: records.sources, targets: records.targets, authorities: authorities,
            newerLeafIsLive: isNewerLive(records.row, than: session.proof.certificate),
            isReplaced: self.session(of: session.row).map { $0 !== session } ?? false, news: news,
            freshInstanceUID: InstanceUID(version7At: wall, random: world.dice.bytes(10)))
    }

    func received(_ message: AgentToServer, from session: Session) {
        guard isUp, sessions.contains(where: { $0 === session }) else { return }
        var report: AgentReport
        do throws(ConversationRefusal) {
            report = try session.conversation.hear(
                message, epoch: session.line.dial.epoch, at: wall)
        } catch { return world.fail(.T10, "\(place.name) does not understand agent \(session.line.host)") }
        report.copy = copies.saw(
            CopyWatch.Sighting(
                session: session.number, transport: .webSocket, address: "host \(session.line.host)",
                sequence: message.sequenceNumber, epoch: report.epoch?.epoch, isGoodbye: message.agentDisconnect),
            of: session.row, at: wall)
        enter(session)
        guard isUp else { return }
        if report.isRoutine, session.memory.isQuiet(at: wall) {
            session.memory.heard(at: wall)
            return reply(.nothing, to: report, over: session)
        }
        do throws(Crashed) {
            try crashPoint()
            let answer = try take(report, session)
            try crashPoint()
            reply(answer, to: report, over: session)
        } catch { return }
    }

    private func take(_ report: AgentReport, _ session: Session) throws(Crashed) -> OpAMPAnswer {
        let facts = facts(of: session, isFailing: report.settingsStatus?.status == .failed)
        var step = SessionStep(after: report, with: facts)
        if let order = step.order, let leaf = try? place.issue(order, world.dice.bytes(16)) {
            step.issued(leaf)
            world.tally.count("leaves issued")
        }
        if let leaf = step.row?.fingerprint, let other = tables.row(of: leaf), other.id != step.row?.id {
            world.note("\(place.name) cannot record agent \(session.line.host): its leaf is another row's")
            world.tally.count("rows that could not be saved")
            return .unavailable(retryAfter: .seconds(30), "not recorded")
        }
        if let epoch = report.epoch?.epoch, let row = facts.row, epoch > row.epoch {
            world.tally.count("agents ahead of their server")
        }
        if step.copy != nil { world.tally.count("copies detected") }
        try save(step, from: facts)
        session.memory = step.memory
        carryOut(step.changes)
        return step.answer
    }

    private func reply(_ answer: OpAMPAnswer, to report: AgentReport, over session: Session) {
        guard isUp, sessions.contains(where: { $0 === session }) else { return }
        let permitted = session.conversation.reply(
            to: report, with: answer.content,
            freshInstanceUID: InstanceUID(version7At: wall, random: world.dice.bytes(10)).bytes)
        if permitted.message.errorResponse == nil { world.checkVerified(by: self, session) }
        send(permitted.message, over: session)
        if report.message.agentDisconnect {
            end(session, .agentDisconnected)
        } else if let reason = answer.dismissal {
            end(session, .dismissed(reason))
        }
    }

    /// One transaction: the row, then each step of a handover.
    private func save(_ step: SessionStep, from facts: SessionFacts) throws(Crashed) {
        try crashPoint()
        var next = tables
        let keepsRow = world.broken != .rowsOutsideTransaction || !world.strikes(permille: 300)
        if keepsRow, let row = step.row, row != facts.row { next.save(row) }
        for fact in step.audit { next.audit.append(.init(fact: fact, handover: nil, at: wall)) }
        var (sources, targets) = (facts.sources, facts.targets)
        for change in step.changes {
            switch change {
            case .source(let step): write(step, before: sources.replace(step.state), keepsRow: keepsRow, into: &next)
            case .target(let step): write(step, before: targets.replace(step.state), keepsRow: keepsRow, into: &next)
            }
        }
        tables = next
        for change in step.changes {
            switch change {
            case .source(let step): saved(step)
            case .target(let step): saved(step)
            }
        }
        try crashPoint()
    }

    private func carryOut(_ changes: [SessionStep.Change]) {
        for change in changes {
            switch change {
            case .source(let step): carryOut(step.directives, of: step.state)
            case .target(let step): carryOut(step.directives, of: step.state)
            }
        }
    }
}

extension Array where Element: HandoverMachine {
    /// Puts the machine in the place of its state before, which is returned.
    fileprivate mutating func replace(_ machine: Element) -> Element? {
        guard let index = firstIndex(where: { $0.id == machine.id }) else { return nil }
        defer { self[index] = machine }
        return self[index]
    }
}

extension LeafAcceptance.Decision {
    fileprivate var short: String {
        switch self {
        case .agent: "its own"
        case .arriving(_, let id): "arriving by \(id.short)"
        case .movedOn(_, let id): "belongs elsewhere by \(id.short)"
        case .bootstrap: "bootstrap"
        case .refused(let refusal): "refused \(refusal.operatorMessage.code)"
        }
    }
}

extension Dial {
    /// What the header `Handover-Epoch` says.
    fileprivate var epoch: HandoverEpoch? {
        openingHeaders.first { $0.name == MoveHeader.handoverEpoch }
            .flatMap { HandoverEpoch(headerText: $0.value.revealText()) }
    }
}
