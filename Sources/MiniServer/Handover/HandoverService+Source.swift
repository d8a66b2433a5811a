import Certificates
import HandoverToken
import Logging
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

/// Where operators and peers bring their requests about handovers.
struct HandoverService: Sendable {
    let server: ServerContext
    let shell: HandoverShell
}

// MARK: - The source's side

extension HandoverService {
    /// What an operator wants to issue.
    struct Issue: Sendable {
        var agent: AgentID
        var peerName: String
        var timeToLive = HandoverTiming.defaultTimeToLive
        var probation = HandoverTiming.defaultProbation
        var certificate = OfferedCertificate.repeat
        var laterThan: Epoch = 0
    }

    /// Issues a handover; the token's text is in the answer and nowhere else.
    func issue(
        _ issue: Issue, by context: AuditContext
    ) async throws -> (handover: HandoverRow<SourceHandover>, token: String, warnings: [String]) {
        let now = server.now()
        guard let id = HandoverID(bytes: RandomBytes.generate(16)) else { preconditionFailure("16 bytes are an id") }
        let session = server.agents.session(of: issue.agent)
        let authorities = server.authority.signingKeys.honoured
        let (row, token, warnings) = try await server.database.write { [server] tables in
            guard var agent = try tables.agents.find(issue.agent) else {
                throw NotFound.agent(issue.agent.description)
            }
            // Only its session can tell that an agent is there; a row may say so since a server was killed.
            if session == nil { agent.presence = agent.shownPresence(in: nil, at: now) }
            guard let row = try tables.peers.find(name: issue.peerName) else {
                throw NotFound.peer(issue.peerName)
            }
            var peer = server.calls.current(row)
            // The transport offered is the one the agent uses now (protocol section 3).
            if let session { peer.opampEndpoint = peer.opampEndpoint?.over(webSocket: session.transport == .webSocket) }
            let open =
                try tables.sources.open(agent: agent.id).first.map { ($0.machine.id, $0.machine.phaseName) }
                ?? tables.targets.open(agent: agent.id).first.map { ($0.machine.id, $0.machine.phaseName) }
            let arrivals = try agent.fingerprint.map { try tables.targets.binding(leaf: $0) } ?? []
            let preconditions = HandoverIssue(
                agent: agent, peer: peer, open: open, server: server.authority.peerID, serverName: server.name,
                agentCAs: authorities + arrivals.flatMap(\.machine.claims.source.agentCAs.certificates),
                timeToLive: issue.timeToLive, probation: issue.probation, laterThan: issue.laterThan)
            let claims = try preconditions.claims(id: id, at: now)
            let token = try server.authority.sign(claims)
            let step = SourceHandover.issue(
                claims, tokenDigest: Digest.sha256(Array(token.utf8)), certificate: issue.certificate,
                verification: server.timing.verification)
            try tables.save(step, by: context, at: now)
            return (HandoverRow(machine: step.state, updatedAt: now), token, preconditions.warnings)
        }
        await shell.timers.set(.source, id, at: row.machine.claims.expiresAt)
        return (row, token, warnings)
    }

    /// A target's redemption; the same one is answered the same again. The offer is made and signed in the same
    /// transaction, and the answer tells of it.
    ///
    /// - Throws: `HandoverRefusal`, which is audited here.
    func redeem(
        _ id: HandoverID, _ request: RedemptionRequest, by peer: PeerRecord, _ context: AuditContext
    ) async throws -> (handover: SourceHandover, notices: [HandoverNotice]) {
        let now = server.now()
        do {
            let (step, notices) = try await server.database.write { [server] tables in
                guard let machine = try tables.sources.find(id)?.machine else {
                    throw HandoverRefusal.unknownHandover(id)
                }
                let agent = try tables.agents.find(machine.agent)
                let claim = TokenRedemption(
                    redemption: request.redemption, tokenDigest: Hex.decode(request.tokenSHA256) ?? [],
                    peer: peer.id, leaf: agent?.fingerprint, leafRevoked: agent?.leafRevoked ?? false,
                    epoch: agent?.epoch ?? 0)
                var step = try machine.next(after: .redeemed(claim), at: now)
                if case .signOffer(let claims)? = step.directives.last {
                    step.directives.removeLast()
                    let offer = try server.offer(claims, step.state, tables)
                    step = step.followed(by: try step.state.next(after: .offerSigned(offer), at: now))
                }
                if step.state != machine { try tables.save(step, by: context, at: now) }
                return (step, try tables.outbox.messages(of: id, role: .source).map(\.notice))
            }
            // The peer gets its answer first: the agent must not arrive before the target knows that it may. The answer
            // tells of the offer; the notice stays in the database until the target says that it has it.
            shell.outbox.answered(id, .source)
            Task { await shell.carryOut(step.directives, of: step.state) }
            return (step.state, notices)
        } catch let refusal as HandoverRefusal {
            await refused(refusal.operatorMessage, handover: id, by: context)
            throw refusal
        }
    }

    /// Revokes an agent's leaf. Row and handovers change together, so that no target goes on trusting a leaf because
    /// nobody told it.
    ///
    /// - Throws: `NotFound.agent`.
    func revokeLeaf(of id: AgentID, by context: AuditContext) async throws {
        let now = server.now()
        let steps = try await server.database.write { tables in
            var row = try tables.agent(id)
            row.leafRevoked = true
            try tables.agents.save(row)
            try tables.audit.append(
                AuditFact(
                    .leafRevoked, entityType: "agent", entityID: id.description,
                    additional: .members(["fingerprint": (row.fingerprint?.description).map(JSON.string)])),
                context: context, at: now)
            // Also cancelled ones that a target may not have let go of.
            return try tables.sources.pending(agent: id).map { machine in
                let step = try machine.next(after: .leafRevoked, at: now)
                try tables.save(step, by: context, at: now)
                return step
            }
        }
        for step in steps { await shell.carryOut(step) }
        server.agents.dismiss(id, because: "The agent's certificate is revoked.")
    }

    /// Leaves an entry about a token that was not accepted.
    func refused(_ message: OperatorMessage, handover: HandoverID?, by context: AuditContext) async {
        var context = context
        context.traceID = handover?.traceID ?? context.traceID
        let fact = AuditFact(
            .tokenRefused, entityType: "handover", entityID: handover?.description ?? "unreadable",
            additional: .members([
                "code": .string(message.code), "cause": .string(message.cause),
                "handover": handover.map { .string($0.description) },
            ]))
        let now = server.now()
        do {
            _ = try await server.database.write { [context] tables in
                try tables.audit.append(fact, context: context, at: now)
            }
        } catch {
            server.log.error("refusal not audited", metadata: ["reason": "\(error.explained)"])
        }
    }
}
