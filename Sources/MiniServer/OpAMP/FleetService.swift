import Certificates
import HandoverToken
import Logging
import NIOCore
import OpAMPProto
import ServerCore
import ServerStorage
import ServerTransport
import Synchronization
import Vocabulary

/// The agents behind the OpAMP endpoint: which connections are accepted, what messages change, and what the answers
/// contain.
///
/// For each message: load, decide by `SessionStep`, save in one transaction, carry out, answer. From the event loop to the
/// database and back, without a task in between, unless something has to be waited for.
final class FleetService: OpAMPService {
    let server: ServerContext
    let shell: HandoverShell
    /// By session number, from its first message that was saved.
    private let memories = Mutex<[UInt64: SessionMemory]>([:])
    private let ends = SessionEnds()
    private let lastHeard = LastHeard()
    /// Limits the audit entries and log lines that unknown clients can cause.
    let refusals = Mutex(AuditThrottle())

    init(server: ServerContext, shell: HandoverShell) {
        (self.server, self.shell) = (server, shell)
    }

    /// What is remembered of the agent's present session.
    func memory(of agent: AgentID) -> SessionMemory? {
        guard let session = server.agents.session(of: agent) else { return nil }
        return memories.withLock { $0[session.number] }
    }

    /// When the agent was heard last, as far as its row does not say so.
    func lastHeard(_ agent: AgentID) -> Timestamp? {
        memory(of: agent)?.lastHeard ?? lastHeard.time(of: agent)
    }

    /// Saves when agents were heard last.
    func saveLastHeard() async {
        let heard = server.agents.sessions.compactMap { session in
            memories.withLock { $0[session.number]?.lastHeard }.map { (session.agent, $0) }
        }
        for (agent, time) in heard { lastHeard.note(agent, at: time) }
        await lastHeard.save(in: server.database, log: server.log)
    }

    func memory(of session: AgentSession) -> SessionMemory {
        memories.withLock { $0[session.number] } ?? SessionMemory(at: session.openedAt)
    }

    /// It is offered the CAs with the answer to a later message.
    func oweTrust(to session: AgentSession) { memories.withLock { $0[session.number]?.oweTrust() } }

    // MARK: Messages

    func heard(from session: AgentSession, at now: Timestamp) -> Bool {
        memories.withLock { $0[session.number]?.heardQuietly(at: now) ?? false }
    }

    func received(
        _ report: AgentReport, from session: AgentSession, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OpAMPAnswer> {
        let memory = memory(of: session)
        guard let proof = session.proof, !(memory.wantsNews(with: report) && server.authority.hasRotated) else {
            return eventLoop.makeFutureWithTask { await self.received(report, session) }
        }
        return decide(session, proof, report, memory, news: nil, on: eventLoop).flatMap { step in
            // The answer to a poll takes along what the directives push.
            guard !step.changes.isEmpty else { return eventLoop.makeSucceededFuture(self.answer(step, session)) }
            return eventLoop.makeFutureWithTask {
                await self.carryOut(step.changes)
                return self.answer(step, session)
            }
        }.flatMapErrorThrowing { self.answer(to: $0, session) }
    }

    /// One that has to wait for more than the database.
    private func received(_ report: AgentReport, _ session: AgentSession) async -> OpAMPAnswer {
        do {
            guard let proof = session.proof else { return try await enrol(report, session) }
            let memory = memory(of: session)
            let news = await TrustAnnouncement(server: server).news()
            let step = try await server.database.write { [self] tables in
                try decide(session, proof, report, memory, news: news, tables)
            }
            memories.withLock { $0[session.number] = step.memory }
            await carryOut(step.changes)
            return answer(step, session)
        } catch {
            return answer(to: error, session)
        }
    }

    private func answer(_ step: SessionStep, _ session: AgentSession) -> OpAMPAnswer {
        if let finding = step.copy {
            server.metrics.increment(Metrics.copiesDetected)
            server.log.notice(
                "two hosts use one identity",
                metadata: [
                    "agent": "\(session.agent)", "sign": "\(finding.rawValue)",
                    "from": "\(session.request.caller.address)",
                ])
        }
        return step.answer
    }

    private func answer(to error: any Error, _ session: AgentSession) -> OpAMPAnswer {
        if let refusal = error as? FleetRefusal {
            log(refusal, "request refused", from: session.request.caller.address)
            return .badRequest(refusal.operatorMessage.description)
        }
        server.log.error("message not recorded", metadata: ["reason": "\(error.explained)"])
        return .unavailable(retryAfter: .seconds(30), "The server could not record the message.")
    }

    private func decide(
        _ session: AgentSession, _ proof: SessionProof, _ report: AgentReport, _ memory: SessionMemory,
        news: TrustChange?, on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionStep> {
        server.database.write(on: eventLoop) { [self] tables in
            try decide(session, proof, report, memory, news: news, tables)
        }.map { step in
            self.memories.withLock { $0[session.number] = step.memory }
            return step
        }
    }

    /// Decides and saves.
    private func decide(
        _ session: AgentSession, _ proof: SessionProof, _ report: AgentReport, _ memory: SessionMemory,
        news: TrustChange?, _ tables: StorageTransaction
    ) throws -> SessionStep {
        var facts = try server.facts(of: session, proof, tables, isFailing: report.isFailing)
        (facts.memory, facts.news) = (memory, news)
        var step = SessionStep(after: report, with: facts)
        if let order = step.order { step.issued(try server.authority.issueLeaf(order)) }
        if step.isInstructing, let row = step.row { step.configure(try tables.configurationDue(to: row)?.offer) }
        try tables.save(step, before: facts.row, by: .agent(session), at: report.at)
        return step
    }

    func hasRecalled(_ offers: ConnectionSettingsOffers, of agent: AgentID) -> Bool? {
        let known = try? server.database.look { try $0.sources.latest(agent: agent) }
        return known.map { $0.contains { $0.machine.hasRecalled(offers.hash) } }
    }

    func sent(_ offers: ConnectionSettingsOffers, to session: AgentSession) {
        guard let proof = session.proof else { return }
        let now = server.now()
        memories.withLock { $0[session.number]?.offerIsSent() }
        Task {
            do {
                let changes = try await server.database.writeWithNext { [server] tables in
                    let facts = try server.facts(of: session, proof, tables)
                    let step = SessionStep(sending: offers.hash, with: facts, at: now)
                    try tables.save(step, before: facts.row, by: .agent(session), at: now)
                    return step.changes
                }
                await carryOut(changes)
            } catch {
                server.log.error("offer not noted as sent", metadata: ["reason": "\(error.explained)"])
            }
        }
    }

    private func carryOut(_ changes: [SessionStep.Change]) async {
        for change in changes {
            switch change {
            case .source(let step): await shell.carryOut(step)
            case .target(let step): await shell.carryOut(step)
            }
        }
    }

    // MARK: The end of a session

    func closedQuietly(_ session: AgentSession, _ ending: SessionEnding) -> Bool {
        let memory = memories.withLock { memories -> SessionMemory? in
            guard ending == .replaced || memories[session.number]?.endsQuietly ?? (session.kind == .enrolling) else {
                return nil
            }
            return memories.removeValue(forKey: session.number) ?? SessionMemory(at: session.openedAt)
        }
        guard let memory else { return false }
        if session.kind == .agent { lastHeard.note(session.agent, at: memory.lastHeard) }
        return true
    }

    func closed(_ session: AgentSession, _ ending: SessionEnding, at now: Timestamp) async {
        guard !closedQuietly(session, ending) else { return }
        await ends.add(SessionEnds.End(session: session, ending: ending, at: now)) { await self.save($0) }
    }

    private func save(_ ends: [SessionEnds.End]) async {
        let open = ends.compactMap { end -> (end: SessionEnds.End, proof: SessionProof, memory: SessionMemory)? in
            let memory = memories.withLock { $0.removeValue(forKey: end.session.number) }
            if let memory { lastHeard.note(end.session.agent, at: memory.lastHeard) }
            return end.session.proof.map { (end, $0, memory ?? SessionMemory(at: end.at)) }
        }
        do {
            let changes = try await server.database.write { tables in
                // To the row itself the end of a session says nothing.
                try open.filter { try tables.hasOpenHandover($0.end.session.agent) }.flatMap { end, proof, memory in
                    var facts = try self.server.facts(of: end.session, proof, tables)
                    facts.memory = memory
                    let step = SessionStep(ending: end.ending, with: facts, at: end.at)
                    try tables.save(step, before: facts.row, by: .agent(end.session), at: end.at)
                    return step.changes
                }
            }
            await carryOut(changes)
        } catch {
            server.log.error(
                "ends of sessions not saved", metadata: ["count": "\(open.count)", "reason": "\(error.explained)"])
        }
    }
}

extension ServerContext {
    /// The facts about a session from the tables, without what is kept in memory.
    func facts(
        of session: AgentSession, _ proof: SessionProof, _ tables: StorageTransaction, isFailing: Bool = false
    ) throws -> SessionFacts {
        let records = try tables.records(of: proof, isFailing: isFailing)
        let newest = agents.session(of: session.agent)
        return SessionFacts(
            session: proof, memory: SessionMemory(at: session.openedAt), row: records.row,
            rowOfLeaf: records.rowOfLeaf, sources: records.sources, targets: records.targets,
            authorities: authority.signingKeys.honoured,
            newerLeafIsLive: records.rowOfLeaf.map { isLiveWithAnother($0, than: proof.certificate) } ?? false,
            isReplaced: newest.map { $0.number != session.number } ?? false, news: nil,
            freshInstanceUID: InstanceUID(version7At: now(), random: RandomBytes.generate(10)))
    }

    /// The row's present leaf is another one, and has a session.
    func isLiveWithAnother(_ row: AgentRecord, than presented: Certificate?) -> Bool {
        row.leaf != presented && agents.session(of: row.id).map { $0.leaf == row.fingerprint } ?? false
    }
}

extension AgentReport {
    fileprivate var isFailing: Bool { settingsStatus?.status == .failed }
}

extension AuditContext {
    /// What an agent did on its connection.
    static func agent(_ session: AgentSession) -> AuditContext {
        AuditContext(
            actor: "agent:\(session.agent)", role: "agent", sourceAddress: session.request.caller.address)
    }
}

extension ConfigurationRecord {
    /// In the form of an offer.
    var offer: AgentRemoteConfig {
        let file = AgentConfigFile(body: Array(body), contentType: contentType)
        return AgentRemoteConfig(config: AgentConfigMap(configMap: [name: file]), configHash: Array(hash))
    }
}
