import Certificates
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

// MARK: - The target's side

extension HandoverService {
    /// A verified token beside everything that stands for and against it here.
    struct Preview: Sendable {
        var token: VerifiedToken
        var review: RedemptionReview
        var problems: [HandoverRefusal]
    }

    /// Verifies a pasted token and shows what redeeming it would mean; changes nothing but the audit trail of refusals.
    ///
    /// - Throws: `TokenRefusal`.
    func preview(_ text: String, by context: AuditContext) async throws -> Preview {
        let now = server.now()
        let token = try await verified(text, by: context, at: now)
        let answer = await sourceAnswer(to: token.claims)
        let review = try server.database.look { try self.review(token, tables: $0, source: answer) }
        return Preview(token: token, review: review, problems: review.problems(at: now))
    }

    /// Confirms a token: saved, then redeemed at its source. A source that did not answer is asked again later; until then
    /// the handover that is returned is `redeeming`.
    ///
    /// - Throws: `TokenRefusal`, `HandoverRefusal` or `NotFound`; all are audited here.
    func redeem(
        _ text: String, choice: RedemptionReview.Choice, by context: AuditContext
    ) async throws -> HandoverRow<TargetHandover> {
        let now = server.now()
        let token = try await verified(text, by: context, at: now)
        let id = token.claims.id
        guard let redemptionID = RedemptionID(bytes: RandomBytes.generate(16)) else {
            preconditionFailure("16 bytes are an id")
        }
        let newRow = AgentID(version7At: now, random: RandomBytes.generate(10))
        let freshUID = InstanceUID(version7At: now, random: RandomBytes.generate(10))
        do {
            let step = try await server.database.write { tables in
                // The source answers the redemption itself with whatever stands against it there.
                let review = try review(token, tables: tables, source: nil)
                let redemption = try review.redemption(
                    redemptionID, choice: choice, newRow: newRow, freshUID: freshUID,
                    arrivalTime: server.timing.arrival, at: now)
                let preview = TargetHandover(previewing: token)
                let step = try preview.next(after: .redeemRequested(redemption), at: now)
                try tables.save(step, by: context, at: now)
                return step
            }
            await shell.carryOut(step)
        } catch let refusal as any OperatorExplainable where refusal is HandoverRefusal || refusal is NotFound {
            await refused(refusal.operatorMessage, handover: id, by: context)
            throw refusal
        }
        guard let row = try server.database.look({ try $0.targets.find(id) }) else {
            throw HandoverRefusal.unknownHandover(id)
        }
        // The step has carried out the redemption. The waiting caller reads the source's answer.
        if let refusal = row.machine.refusal { throw refusal }
        return row
    }

    private func verified(_ text: String, by context: AuditContext, at now: Timestamp) async throws -> VerifiedToken {
        let peers = try server.database.look { try $0.peers.all() }
        // A token pasted where it was issued is refused for its audience, not for an issuer that nobody knows.
        let own = server.authority.signingKeys.published.map {
            TokenVerifier.KnownSigner(certificate: $0, owner: server.authority.peerID)
        }
        do {
            return try TokenVerifier().verify(
                text, signers: peers.flatMap(\.knownSigners) + own, audience: server.authority.peerID, at: now)
        } catch {
            await refused(error.operatorMessage, handover: nil, by: context)
            throw error
        }
    }

    /// What the source says of the token now.
    private func sourceAnswer(to claims: HandoverClaims) async -> SourceAnswer {
        let peer = try? server.database.look { try $0.peers.find(claims.issuer) }
        guard peer?.enabled == true else { return .unanswered }
        do throws(PeerCallFailure) {
            let status = try await shell.peers.status(of: claims.id, at: claims.issuer)
            guard let phase = SourceHandover.Phase(rawValue: status.phase.text) else { return .unanswered }
            return .phase(phase, redemption: status.redemption)
        } catch {
            switch error {
            case .refused(_, let message, _): return .refused(code: message.code)
            case .unanswered: return .unanswered
            }
        }
    }

    private func review(
        _ token: VerifiedToken, tables: StorageTransaction, source: SourceAnswer?
    ) throws -> RedemptionReview {
        let claims = token.claims
        guard let peer = try tables.peers.find(claims.issuer) else {
            throw NotFound.peer(claims.source.name)
        }
        let byLeaf = try tables.agents.find(claims.leaf)
        let byUID = try tables.agents.agents(withInstanceUID: claims.agent.instanceUID)
        let rows = byUID + (byLeaf.map { row in byUID.contains { $0.id == row.id } ? [] : [row] } ?? [])
        return RedemptionReview(
            claims: claims, peer: peer, known: try tables.targets.find(claims.id)?.machine,
            rows: rows, departures: try rows.flatMap { try tables.sources.concerning(agent: $0.id).map(\.machine) },
            ownEndpoints: server.ownEndpoints, listener: server.listener.chain[0],
            listenerIntermediates: Array(server.listener.chain.dropFirst()),
            groups: Set(try tables.groups.all().map(\.name)),
            configurations: Set(try tables.configurations.all().map(\.name)), source: source)
    }
}

// MARK: - Either side

extension HandoverService {
    /// Sends the offer out again.
    func push(_ id: HandoverID, by context: AuditContext) async throws {
        try await shell.take([.pushRequested], SourceHandover.self, of: id, by: context)
    }

    /// Ends a handover from this side, as far as its phase allows.
    func cancel(_ id: HandoverID, reason: String?, by context: AuditContext) async throws {
        if try server.database.look({ try $0.sources.find(id) }) != nil {
            try await shell.take([.cancelRequested(reason: reason)], SourceHandover.self, of: id, by: context)
        } else {
            try await shell.take([.withdrawRequested(reason: reason)], TargetHandover.self, of: id, by: context)
        }
    }

    /// What becomes of a batch of notices.
    struct Receipt: Sendable {
        /// To the last one that was decided on; those behind a gap or a refusal are not.
        var answer: NoticeAnswer
        /// Its number.
        var sequence: Int
        var lastSequence: Int
        var phase: String
    }

    /// Notices from the other party, which is the only peer whose notices count.
    ///
    /// - Parameter received: the number of this server's last notice that the peer has.
    func take(
        _ notices: [HandoverNotice], received: Int, of id: HandoverID, from peer: PeerRecord, by context: AuditContext
    ) async throws -> Receipt {
        let now = server.now()
        let taken = try await server.database.write { tables -> Taken in
            if let machine = try tables.sources.find(id)?.machine, machine.otherParty == peer.id {
                let (step, sequence) = try machine.next(after: notices, at: now)
                let acknowledged = machine.notices.acknowledged(received)
                try tables.save(step, after: machine, acknowledged: acknowledged, by: context, at: now)
                return .source(step, sequence, Acknowledgement(last: acknowledged, sent: machine.notices.sent))
            }
            if let machine = try tables.targets.find(id)?.machine, machine.otherParty == peer.id {
                let (step, sequence) = try machine.next(after: notices, at: now)
                let acknowledged = machine.notices.acknowledged(received)
                try tables.save(step, after: machine, acknowledged: acknowledged, by: context, at: now)
                return .target(step, sequence, Acknowledgement(last: acknowledged, sent: machine.notices.sent))
            }
            throw HandoverRefusal.unknownHandover(id)
        }
        switch taken {
        case .source(let step, let sequence, let acknowledgement):
            return await receipt(of: step, to: sequence, acknowledgement)
        case .target(let step, let sequence, let acknowledgement):
            return await receipt(of: step, to: sequence, acknowledgement)
        }
    }

    private enum Taken {
        case source(HandoverStep<SourceHandover>, Int, Acknowledgement)
        case target(HandoverStep<TargetHandover>, Int, Acknowledgement)
    }

    /// Which notices the peer has, of those that there were for it.
    private struct Acknowledgement {
        let last: Int
        let sent: Int
    }

    private func receipt<Machine: HandoverMachine>(
        of step: HandoverStep<Machine>, to sequence: Int, _ acknowledgement: Acknowledgement
    ) async -> Receipt {
        shell.outbox.acknowledged(
            upTo: acknowledgement.last, of: step.state.id, Machine.role, sent: acknowledgement.sent)
        await shell.carryOut(step)
        return Receipt(
            answer: step.answer ?? .accepted, sequence: sequence, lastSequence: step.state.notices.received,
            phase: step.state.phaseName)
    }
}

extension StorageTransaction {
    fileprivate func save<Machine: HandoverMachine>(
        _ step: HandoverStep<Machine>, after machine: Machine, acknowledged: Int, by context: AuditContext,
        at now: Timestamp
    ) throws {
        if step.state != machine || !step.isEmpty { try save(step, by: context, at: now) }
        try outbox.remove(upTo: acknowledged, of: machine.id, role: Machine.role)
    }
}
