import Certificates
import HTTPTypes
import HandoverToken
import Logging
import OpAMPProto
import PeerCore
import Synchronization
import Vocabulary

/// The fleet behind the OpAMP endpoint: who may come in, what their messages change, and what they are told.
final class FleetDesk: OpAMPDesk {
    let site: Site
    let shell: HandoverShell
    /// Signs of life that are not worth a transaction; they reach the row when the session ends.
    private let lastHeard = Mutex<[AgentID: Timestamp]>([:])

    init(site: Site, shell: HandoverShell) {
        (self.site, self.shell) = (site, shell)
    }

    func lastHeard(of agent: AgentID) -> Timestamp? { lastHeard.withLock { $0[agent] } }

    // MARK: Admission

    func admit(_ knock: Knock) async -> Admission {
        do {
            return try await admission(of: knock)
        } catch let refusal as LeafRefusal {
            await auditRefusal(refusal, of: knock)
            return .refused(refusal.problem)
        } catch let refusal as FleetRefusal {
            site.log.notice("enrolment refused", metadata: ["reason": "\(refusal.operatorMessage)"])
            return .refused(Problem(.unauthorized, refusal))
        } catch {
            site.log.error("admission failed", metadata: ["reason": "\(error.explained)"])
            var problem = ListenerRefusal.overloaded.problem
            problem.handoverCause = MoveCause.serverError.code
            return .refused(problem)
        }
    }

    private func admission(of knock: Knock) async throws -> Admission {
        let leaf = knock.caller.leaf
        // The source offers as soon as it has honoured a claim, and an agent can be faster than the answer to it.
        if let leaf { await shell.claims.end(of: leaf.fingerprint) }
        let authorities = site.authority.signingKeys.honoured
        let decision = try await site.database.read { tables in
            let kin = try leaf.map { try tables.kin(of: $0.fingerprint) }
            return LeafAcceptance(
                presented: leaf, bearsBootstrapToken: knock.bearer != nil, row: kin?.row,
                arrivals: kin?.arrivals ?? [], departures: kin?.departures ?? [], ownAuthorities: authorities,
                newerLeafIsLive: kin?.row.map { self.isLiveWithNewerLeaf($0, than: leaf) } ?? false
            ).decision(at: knock.at)
        }
        switch decision {
        case .agent(let agent): return .admitted(agent: agent, standing: .member)
        case .departing(let agent, _): return .admitted(agent: agent, standing: .member)
        case .homeward(let handover):
            guard let agent = try await site.database.read({ try $0.sources.find(handover)?.machine.agent }) else {
                throw LeafRefusal.absent
            }
            return .admitted(agent: agent, standing: .homeward(handover))
        case .arriving(let handover):
            guard let agent = try await site.database.read({ try $0.targets.find(handover)?.machine.agentRow }) else {
                throw LeafRefusal.absent
            }
            return .admitted(agent: agent, standing: .arriving(handover))
        case .bootstrap: return try await enrolling(knock)
        case .refused(let refusal): throw refusal
        }
    }

    private func isLiveWithNewerLeaf(_ row: AgentRecord, than presented: Certificate?) -> Bool {
        guard let presented, row.previousLeaf == presented.fingerprint else { return false }
        return site.agents.session(of: row.id)?.leaf == row.fingerprint
    }

    private func enrolling(_ knock: Knock) async throws -> Admission {
        let token = try await bootstrapToken(knock)
        // A token that was used lets its own agent ask again, because the answer may have been lost on the way;
        // whether it is that agent is seen from the key in its request.
        if let agent = token.usedBy { return .admitted(agent: agent, standing: .enrolling) }
        try token.check(at: knock.at)
        // The same for every request with this token: polls that enrol are one conversation, in which the second may
        // leave out what the first has said.
        let agent = AgentID(version7At: token.createdAt, random: token.digest)
        return .admitted(agent: agent, standing: .enrolling)
    }

    func bootstrapToken(_ knock: Knock) async throws -> BootstrapToken {
        guard let digest = knock.bearer.flatMap({ Credential.bootstrapToken.digest(of: $0.reveal()) }),
            let token = try await site.database.read({ try $0.bootstrapTokens.find(digest: digest) })
        else { throw FleetRefusal.bootstrapUnknown }
        return token
    }

    private func auditRefusal(_ refusal: LeafRefusal, of knock: Knock) async {
        let message = refusal.operatorMessage
        let leaf = knock.caller.leaf?.fingerprint.description
        site.log.notice(
            "agent refused",
            metadata: ["code": "\(message.code)", "leaf": "\(leaf ?? "none")", "from": "\(knock.caller.address)"])
        // Whoever has no certificate at all is not worth a row that anyone could fill the disk with.
        guard let leaf, case .clone = refusal else { return }
        let context = AuditContext(actor: "agent", role: "agent", sourceAddress: knock.caller.address)
        let fact = AuditFact(
            .clone, entityType: "agent", entityID: leaf,
            additional: .members(["fingerprint": .string(leaf), "code": .string(message.code)]))
        _ = try? await site.database.write { try $0.audit.append(fact, context: context, at: knock.at) }
    }

    // MARK: Messages

    func heard(from session: AgentSession, at now: Timestamp) -> Bool {
        guard session.standing == .member else { return false }
        lastHeard.withLock { $0[session.agent] = now }
        return true
    }

    func received(_ report: AgentReport, from session: AgentSession) async -> DeskAnswer {
        do {
            switch session.standing {
            case .enrolling: return try await enrol(report, session)
            case .homeward(let handover): return await sendHome(report, session, handover)
            case .member, .arriving: return try await record(report, session)
            }
        } catch let refusal as FleetRefusal {
            site.log.notice("request refused", metadata: ["reason": "\(refusal.operatorMessage)"])
            return .badRequest(refusal.operatorMessage.description)
        } catch {
            site.log.error("message not recorded", metadata: ["reason": "\(error.explained)"])
            return .unavailable(retryAfter: .seconds(30), "The server could not record the message.")
        }
    }

    private func record(_ report: AgentReport, _ session: AgentSession) async throws -> DeskAnswer {
        let isArriving = session.standing != .member
        let leaf = session.knock.caller.leaf
        let row = try await site.database.write { tables -> AgentRecord? in
            guard var row = try tables.agents.find(session.agent) else { return nil }
            let before = row
            row.take(report, leaf: leaf)
            if !isArriving, row.presence.isHere { row.presence = .live }
            if row != before { try tables.agents.save(row) }
            return row
        }
        guard let row else { return DeskAnswer(dismissal: "The agent's row is gone.") }
        lastHeard.withLock { $0[session.agent] = report.at }
        await tellHandovers(report, session)
        if report.message.agentDisconnect { return .nothing }
        var content = try await instructions(for: row)
        content.connectionSettings = try await renewal(for: report, session)
        guard report.isFirst else { return DeskAnswer(content) }
        let verdict = report.state.connectionSettingsStatus
        return DeskAnswer(
            await TrustNews(site: site).content(for: row, in: session, after: verdict).overlaid(with: content))
    }

    /// What the server wants of the agent beyond the reply itself.
    private func instructions(for row: AgentRecord) async throws -> ServerToAgent {
        ServerToAgent(remoteConfig: try await site.database.read { try $0.configurationDue(to: row)?.offer })
    }

    // MARK: The end of a session

    func closed(_ session: AgentSession, _ ending: SessionEnding, at now: Timestamp) async {
        let heard = lastHeard.withLock { $0.removeValue(forKey: session.agent) }
        if ending != .replaced {
            _ = try? await site.database.write { tables in
                guard var row = try tables.agents.find(session.agent) else { return }
                row.lastSeen = max(heard ?? now, row.lastSeen ?? now)
                if row.presence == .live || row.presence == .stale { row.presence = .offline }
                try tables.agents.save(row)
            }
        }
        if case .arriving(let handover) = session.standing {
            await shell.tell(
                .agentDisconnected, TargetHandover.self, of: handover, by: .agent(session))
        }
        if ending == .agentDisconnected { await departures(of: session) { _ in .agentLeaving } }
    }
}

extension AuditContext {
    /// What an agent did on its connection.
    static func agent(_ session: AgentSession) -> AuditContext {
        AuditContext(
            actor: "agent:\(session.agent)", role: "agent", sourceAddress: session.knock.caller.address)
    }
}

extension LeafRefusal {
    /// The answer to an upgrade or a poll, which a person and an agent can read.
    var problem: Problem {
        var problem = Problem(status, self)
        problem.handoverCause = cause.code
        if case .tooEarly = self { problem.retryAfter = .seconds(1) }
        return problem
    }

    private var status: HTTPResponse.Status {
        switch self {
        case .absent: .unauthorized
        case .tooEarly: .serviceUnavailable
        case .unknown, .notIssued, .otherAgent, .revoked, .notHere, .clone: .forbidden
        }
    }
}

extension ConfigurationRecord {
    /// As an agent is offered it.
    var offer: AgentRemoteConfig {
        let file = AgentConfigFile(body: Array(body), contentType: contentType)
        return AgentRemoteConfig(config: AgentConfigMap(configMap: [name: file]), configHash: Array(hash))
    }
}

extension AgentRecord {
    /// Takes over what the agent reports about itself, and the leaf it came with when the row had none.
    mutating func take(_ report: AgentReport, leaf presented: Certificate?) {
        let state = report.state
        if let description = state.description {
            self.description = description
            displayName = description.displayName ?? displayName
        }
        capabilities = state.capabilities
        health = state.health ?? health
        configurationStatus = state.remoteConfigStatus ?? configurationStatus
        if let uid = InstanceUID(bytes: report.message.instanceUID) { instanceUID = uid }
        leaf = leaf ?? presented
        lastSeen = report.at
    }
}
