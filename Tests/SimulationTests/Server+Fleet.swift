import AgentCore
import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

/// One agent's session as a server's process knows it.
final class Session {
    /// The last one, for polls.
    var line: Line
    let number: UInt64
    let proof: SessionProof
    var conversation: AgentConversation
    var memory: SessionMemory
    /// A message has come; an upgrade alone is no session.
    var hasSpoken = false
    /// What the agent said of its epoch when the session began.
    var toldEpoch: Epoch = 0
    /// What waits for the next poll.
    var pending = ServerToAgent()
    /// By a clock that only goes forward.
    var lastPoll: Int64
    /// Somebody looks whether it still polls.
    var isWatched = false

    var row: AgentID { proof.agent }
    var leaf: Fingerprint { proof.certificate.fingerprint }
    var isPolling: Bool { proof.transport == .polling }

    init(
        _ line: Line, number: UInt64, row: AgentID, leaf: Certificate, handover: HandoverID?, at now: Timestamp,
        lastPoll: Int64
    ) {
        (self.line, self.number, self.lastPoll) = (line, number, lastPoll)
        let transport: AgentTransport = line.isPolling ? .polling : .webSocket
        proof = SessionProof(agent: row, certificate: leaf, handover: handover, transport: transport, openedAt: now)
        conversation = AgentConversation(transport: transport)
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
        let decision = decision(on: leaf, for: line.handover)
        world.checkAdmission(decision, of: leaf, at: self)
        world.note("\(place.name) meets host \(line.host): \(decision.short)")
        switch decision {
        case .agent(let row), .movedOn(let row, _), .arriving(let row, _):
            if case .arriving(_, let id) = decision, world.broken == .liveAtConnect {
                tables.edit(row) { $0.presence = .live }
                world.checkRowLive(row, by: id, at: self)
            }
            sessionCount += 1
            return .admitted(
                Session(
                    line, number: sessionCount, row: row, leaf: leaf, handover: line.handover, at: wall,
                    lastPoll: world.now))
        case .refused(.tooEarly): return .refused(status: 503)
        case .refused(.clone):
            world.tally.count("copies refused")
            tables.noteCopy(decision, at: wall)
            return .refused(status: 403)
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
        if !session.isPolling { session.line.session = nil }
        if !session.isPolling, session.line.atHost != .gone {
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

    /// Something beside an answer.
    ///
    /// - Returns: whether it is on its way; for a poll it waits.
    @discardableResult
    func push(_ content: ServerToAgent, to session: Session) -> Bool {
        let permitted = session.conversation.permitted(content)
        guard !permitted.isEmpty else { return false }
        if session.isPolling {
            session.pending = session.pending.overlaid(with: content)
            return false
        }
        send(permitted.message, over: session)
        return true
    }

    private func send(_ message: ServerToAgent, over session: Session) {
        let line = session.line
        if message.isRenewal, world.losesRenewal() { return world.cut(line) }
        line.toHost(in: world) { [world] in world.hosts[line.host].received(line, message) }
    }

    // MARK: Messages

    func facts(of session: Session, isFailing: Bool = false) -> SessionFacts {
        let records = tables.records(of: session.proof, isFailing: isFailing)
        return SessionFacts(
            session: session.proof, memory: session.memory, row: tables.row(session.row), rowOfLeaf: records.row,
            sources: records.sources, targets: records.targets, authorities: authorities,
            newerLeafIsLive: isNewerLive(records.row, than: session.proof.certificate),
            isReplaced: self.session(of: session.row).map { $0 !== session } ?? false, news: nil,
            freshInstanceUID: InstanceUID(version7At: wall, random: world.dice.bytes(10)))
    }

    func received(_ message: AgentToServer, from session: Session) {
        if refuses(message) { return send(session.conversation.refusal(.textMessage), over: session) }
        guard isUp, sessions.contains(where: { $0 === session }),
            let (report, answer) = hear(message, in: session, epoch: session.line.dial.epoch), isUp,
            sessions.contains(where: { $0 === session })
        else { return }
        send(reply(answer, to: report, in: session), over: session)
        finish(session, after: report, answer)
    }

    /// An agent never says again what was bad, so that only a bare report may be.
    private func refuses(_ message: AgentToServer) -> Bool {
        [nil, .applying].contains(message.connectionSettingsStatus?.status) && message.connectionSettingsRequest == nil
            && !message.agentDisconnect
            && world.strikes(permille: 2)
    }

    /// - Returns: `nil` when the process dies over it.
    private func hear(
        _ given: AgentToServer, in session: Session, epoch: HandoverEpoch?
    ) -> (AgentReport, OpAMPAnswer)? {
        var (report, message): (AgentReport, AgentToServer)
        message = given
        message.spoil(by: world.broken)
        if world.breaks(.epochUnheard) { message.customMessage = nil }
        do throws(ConversationRefusal) {
            report = try session.conversation.hear(
                message, epoch: world.breaks(.epochUnheard) ? nil : epoch, at: wall)
        } catch {
            world.fail(.T10, "\(place.name) does not understand host \(session.line.host)")
            return nil
        }
        let copy = copies.saw(
            CopyWatch.Sighting(
                session: session.number, transport: session.proof.transport, address: "host \(session.line.host)",
                sequence: message.sequenceNumber, epoch: report.epoch?.epoch, isGoodbye: message.agentDisconnect),
            of: session.row, at: wall)
        session.conversation.note(world.breaks(.copiesUnnoticed) ? nil : copy, in: &report)
        if report.isFirst, let epoch { session.toldEpoch = epoch.epoch }
        enter(session)
        guard isUp else { return nil }
        if report.isRoutine, session.memory.isQuiet {
            session.memory.heard(at: wall)
            return (report, .nothing)
        }
        if world.strikes(permille: 3) {
            return (report, .unavailable(retryAfter: .seconds(3), "The server could not record the message."))
        }
        do throws(Crashed) {
            try crashPoint()
            let left = world.leftBehind(given, session, at: self)
            let answer = try take(report, session)
            if let left { world.checkTakenBack(left, at: self) }
            try crashPoint()
            return (report, answer)
        } catch { return nil }
    }

    private func take(_ report: AgentReport, _ session: Session) throws(Crashed) -> OpAMPAnswer {
        var facts = facts(of: session, isFailing: report.settingsStatus?.status == .failed)
        if session.memory.wantsNews(with: report) { facts.news = news }
        var step = SessionStep(after: report, with: facts)
        if let order = step.order, let leaf = issue(order) {
            step.issued(leaf)
            world.issued(leaf, to: session)
        }
        step.spoil(by: world.broken, after: report)
        if world.breaks(.answersAnybody), step.standing == .over { return .nothing }
        if let leaf = step.row?.fingerprint, let other = tables.row(of: leaf), other.id != step.row?.id {
            world.note("\(place.name) cannot record host \(session.line.host): its leaf is another row's")
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

    private func reply(_ answer: OpAMPAnswer, to report: AgentReport, in session: Session) -> ServerToAgent {
        let permitted = session.conversation.reply(
            to: report, with: answer.content,
            freshInstanceUID: InstanceUID(version7At: wall, random: world.dice.bytes(10)).bytes)
        // A sign of life proves nothing to anybody.
        if permitted.message.errorResponse == nil, !report.isRoutine { world.checkVerified(by: self, session) }
        return permitted.message
    }

    private func finish(_ session: Session, after report: AgentReport, _ answer: OpAMPAnswer) {
        if report.message.agentDisconnect {
            end(session, .agentDisconnected)
        } else if let reason = answer.dismissal {
            end(session, .dismissed(reason))
        }
    }

    // MARK: Polls

    enum PollAnswer {
        case answered(ServerToAgent)
        case refused(status: Int)
    }

    /// - Returns: `nil` when the process dies over it.
    func poll(_ message: AgentToServer, over line: Line, isOpening: Bool) -> PollAnswer? {
        let admitted: Session
        switch admit(line) {
        case .refused(let status): return .refused(status: status)
        case .admitted(let session): admitted = session
        }
        let known = self.session(of: admitted.row)
        let continues =
            known.map { known in
                known.isPolling && known.leaf == admitted.leaf
                    && (line.handover == nil || line.handover == known.proof.handover)
            } ?? false
        let session = continues ? known ?? admitted : admitted
        (session.line, session.lastPoll) = (line, world.now)
        if !continues { sessions.append(session) }
        watch(session)
        if refuses(message) { return .answered(session.conversation.refusal(.textMessage)) }
        guard case (let report, var answer)? = hear(message, in: session, epoch: isOpening ? line.dial.epoch : nil),
            isUp
        else {
            return nil
        }
        // What ended the session meanwhile ended what it was admitted for.
        if !sessions.contains(where: { $0 === session }), answer.content.errorResponse == nil { answer = .sessionOver }
        if !report.message.agentDisconnect { answer.content = withPending(answer.content, of: session) }
        let reply = reply(answer, to: report, in: session)
        if let offers = reply.connectionSettings {
            session.memory.offerIsSent()
            let facts = facts(of: session)
            let step = SessionStep(sending: offers.hash, with: facts, at: wall)
            guard (try? save(step, from: facts)) != nil else { return nil }
            session.memory = step.memory
            carryOut(step.changes)
            guard isUp else { return nil }
        }
        finish(session, after: report, answer)
        return .answered(reply)
    }

    /// An error goes alone, and an answer has room for one offer.
    private func withPending(_ content: ServerToAgent, of session: Session) -> ServerToAgent {
        guard content.errorResponse == nil else { return content }
        var pushed = session.pending
        session.pending = ServerToAgent()
        if let offers = pushed.connectionSettings, tables.sources.contains(where: { $0.hasRecalled(offers.hash) }) {
            pushed.connectionSettings = nil
            world.tally.count("offers recalled")
        }
        if content.connectionSettings != nil {
            swap(&session.pending.connectionSettings, &pushed.connectionSettings)
        }
        return pushed.overlaid(with: content)
    }

    private func watch(_ session: Session) {
        guard !session.isWatched else { return }
        session.isWatched = true
        later(300_000 + world.dice.milliseconds(1...60_000)) {
            session.isWatched = false
            guard self.sessions.contains(where: { $0 === session }) else { return }
            guard self.world.now - session.lastPoll < 300_000 else { return self.end(session, .silent) }
            self.watch(session)
        }
    }

    // MARK: Operators

    /// Revokes the leaf of each such row.
    func revoke(_ isMeant: (AgentRecord) -> Bool) {
        for row in tables.rows where isMeant(row) {
            tables.edit(row.id) { $0.leafRevoked = true }
            for machine in tables.sources where machine.agent == row.id && machine.isOpen {
                tell(.leafRevoked, SourceHandover.self, of: machine.id)
            }
            for session in sessions where session.row == row.id { end(session, .dismissed("revoked")) }
        }
    }

    // MARK: Saving

    /// One transaction: the row, then each step of a handover.
    func save(_ step: SessionStep, from facts: SessionFacts) throws(Crashed) {
        try crashPoint()
        reach(step)
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
        world.checkT4(tables, next)
        tables = next
        for change in step.changes {
            switch change {
            case .source(let step): saved(step)
            case .target(let step): saved(step)
            }
        }
        try crashPoint()
    }

    private func reach(_ step: SessionStep) {
        for told in step.told {
            switch told {
            case .source(let phase, let event): world.tally.reach(.source, phase.rawValue, event.kind)
            case .target(let phase, let event): world.tally.reach(.target, phase.rawValue, event.kind)
            }
        }
    }

    func carryOut(_ changes: [SessionStep.Change]) {
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

extension Line {
    /// What `Handover-Id` says.
    fileprivate var handover: HandoverID? {
        dial.extraHeaders.first { $0.name == MoveHeader.handoverID }.flatMap { HandoverID($0.value.revealText()) }
    }
}

extension Dial {
    /// What the header `Handover-Epoch` says.
    fileprivate var epoch: HandoverEpoch? {
        openingHeaders.first { $0.name == MoveHeader.handoverEpoch }
            .flatMap { HandoverEpoch(headerText: $0.value.revealText()) }
    }
}
