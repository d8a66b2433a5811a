import Certificates
import HandoverToken
import Logging
import OpAMPProto
import ServerCore
import ServerStorage
import Synchronization
import Vocabulary

/// The fleet behind the OpAMP endpoint: who may come in, what their messages change, and what they are told.
final class FleetService: OpAMPService {
    let server: ServerContext
    let shell: HandoverShell
    /// By session number, from its first message that was recorded.
    private let watches = Mutex<[UInt64: Watch]>([:])

    /// What is known of a session without a look at the tables.
    private struct Watch {
        /// Signs of life are not worth a transaction; they reach the row when the session ends.
        var lastHeard: Timestamp
        /// A member whose leaf has proved itself: nothing of it is left that a heartbeat could change.
        var isSettled: Bool
        /// Its leaf has a successor, and is honoured until then.
        var leafEnds: Timestamp?
        /// The answer to a poll carried an offer, and may have been lost.
        var hasOffer = false

        func isQuiet(at now: Timestamp) -> Bool {
            isSettled && !hasOffer && leafEnds.map { now < $0 } ?? true
        }
    }

    init(server: ServerContext, shell: HandoverShell) {
        (self.server, self.shell) = (server, shell)
    }

    func lastHeard(of agent: AgentID) -> Timestamp? {
        guard let session = server.agents.session(of: agent) else { return nil }
        return watches.withLock { $0[session.number]?.lastHeard }
    }

    // MARK: Messages

    func heard(from session: AgentSession, at now: Timestamp) -> Bool {
        watches.withLock { watches in
            guard var watch = watches[session.number], watch.isQuiet(at: now) else { return false }
            watch.lastHeard = now
            watches[session.number] = watch
            return true
        }
    }

    func received(_ report: AgentReport, from session: AgentSession) async -> OpAMPAnswer {
        do {
            let session = try await present(session)
            switch session.standing {
            case .enrolling: return try await enrol(report, session)
            case .movedOn(let handover): return await sendToPeer(report, session, handover)
            case .member, .arriving: return try await record(report, session)
            }
        } catch let refusal as FleetRefusal {
            server.log.notice("request refused", metadata: ["reason": "\(refusal.operatorMessage)"])
            return .badRequest(refusal.operatorMessage.description)
        } catch {
            server.log.error("message not recorded", metadata: ["reason": "\(error.explained)"])
            return .unavailable(retryAfter: .seconds(30), "The server could not record the message.")
        }
    }

    /// The session as it stands with this message: who came by a handover is a member from its arrival on, on the same
    /// unbroken connection.
    private func present(_ session: AgentSession) async throws -> AgentSession {
        guard case .arriving(let handover) = session.standing,
            try await server.database.read({ try $0.targets.find(handover)?.machine.phase.hasArrived }) == true
        else { return session }
        var session = session
        session.standing = .member
        return session
    }

    private func record(_ report: AgentReport, _ session: AgentSession) async throws -> OpAMPAnswer {
        guard let leaf = session.request.caller.leaf else { throw LeafRefusal.absent }
        let isMember = session.standing == .member
        let standing = report.isFirst && isMember ? AgentEpoch(of: report.message) : nil
        let row = try await server.database.write { tables -> AgentRecord? in
            guard var row = try tables.agents.find(session.agent) else { return nil }
            // A session that was replaced, or the leaf that opened it, may be over while its message was on the way.
            guard !isMember || row.honours(leaf.fingerprint, at: report.at) else { return nil }
            let before = row
            row.take(report)
            if isMember {
                row.seen(with: leaf, hasStayed: !report.isFirst && !report.message.agentDisconnect)
                let status = report.message.connectionSettingsStatus
                if try self.isRefusal(status, ofLeafFor: row, in: session) { row.keeps(leaf) }
                row.epoch = max(row.epoch, standing?.epoch ?? 0)
                if row.presence.isHere { row.presence = .live }
            } else if row.presence == .arriving {
                row.arrives(with: leaf)
            }
            if row != before { try tables.agents.save(row) }
            return row
        }
        guard let row else {
            // Not an answer that a candidate could take for its proof.
            var answer = OpAMPAnswer.unavailable(retryAfter: .seconds(5), "The agent is no longer known by this leaf.")
            answer.dismissal = "The agent's row or its certificate is no longer in use."
            return answer
        }
        watches.withLock { watches in
            let hadOffer = watches[session.number]?.hasOffer ?? false
            let isPresentLeaf = row.fingerprint == leaf.fingerprint
            watches[session.number] = Watch(
                lastHeard: report.at, isSettled: isMember && !(isPresentLeaf && row.previousLeafUntil != nil),
                leafEnds: isPresentLeaf ? nil : row.previousLeafUntil, hasOffer: hadOffer)
        }
        await tellHandovers(report, session, standing)
        if report.message.agentDisconnect { return .nothing }
        var content = try await instructions(for: row)
        content.connectionSettings = try await renewal(for: report, session)
        guard report.isFirst else { return OpAMPAnswer(content) }
        let verdict = report.state.connectionSettingsStatus
        return OpAMPAnswer(
            await TrustAnnouncement(server: server).content(for: row, in: session, after: verdict).overlaid(
                with: content))
    }

    /// A leaf was issued to take the place of the one that opened this session.
    func renewed(in session: AgentSession, until end: Timestamp?) {
        watches.withLock { $0[session.number]?.leafEnds = end }
    }

    func hasOffer(_ session: AgentSession) -> Bool { watches.withLock { $0[session.number]?.hasOffer ?? false } }

    func setHasOffer(_ hasOffer: Bool, _ session: AgentSession) {
        watches.withLock { $0[session.number]?.hasOffer = hasOffer }
    }

    /// What the server wants of the agent beyond the reply itself.
    private func instructions(for row: AgentRecord) async throws -> ServerToAgent {
        ServerToAgent(remoteConfig: try await server.database.read { try $0.configurationDue(to: row)?.offer })
    }

    // MARK: The end of a session

    func closed(_ session: AgentSession, _ ending: SessionEnding, at now: Timestamp) async {
        let heard = watches.withLock { $0.removeValue(forKey: session.number)?.lastHeard }
        // What a newer session of the agent has said already must not be taken back.
        let isReplaced = { @Sendable [server] in ending == .replaced || server.agents.session(of: session.agent) != nil
        }
        _ = try? await server.database.write { tables in
            guard !isReplaced(), var row = try tables.agents.find(session.agent) else { return }
            row.lastSeen = max(heard ?? now, row.lastSeen ?? now)
            if row.presence == .live || row.presence == .stale { row.presence = .offline }
            try tables.agents.save(row)
        }
        if case .arriving(let handover) = session.standing, !isReplaced() {
            await shell.tell(
                .agentDisconnected, TargetHandover.self, of: handover, by: .agent(session))
        }
        if ending == .agentDisconnected, !isReplaced() { await departures(of: session) { _ in .agentLeaving } }
    }
}

extension AuditContext {
    /// What an agent did on its connection.
    static func agent(_ session: AgentSession) -> AuditContext {
        AuditContext(
            actor: "agent:\(session.agent)", role: "agent", sourceAddress: session.request.caller.address)
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
    /// Takes over what the agent reports about itself.
    fileprivate mutating func take(_ report: AgentReport) {
        let state = report.state
        if let description = state.description {
            self.description = description
            displayName = description.displayName ?? displayName
        }
        capabilities = state.capabilities
        health = state.health ?? health
        // Whoever begins anew has lost what an earlier session was about to apply, unless it says otherwise.
        if report.isFirst, configurationStatus?.status == .applying { configurationStatus = nil }
        configurationStatus = state.remoteConfigStatus ?? configurationStatus
        if let uid = InstanceUID(bytes: report.message.instanceUID) { instanceUID = uid }
        lastSeen = report.at
    }
}
