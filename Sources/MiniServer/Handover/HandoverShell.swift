import Foundation
import HandoverToken
import Logging
import OpAMPProto
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

/// Carries handovers out: load, decide, save in one transaction, then act, and feed what came of it back.
///
/// It has no state of its own. Two events of one handover are put in order by the database, so each decides on what the
/// other has saved.
struct HandoverShell: Sendable {
    let server: ServerContext
    let peers: any PeerCalls
    let outbox: Outbox
    let timers: HandoverTimers
    let redemptions = RedemptionsUnderWay()

    /// Events of one handover, decided in order as one step. It is saved when this returns, and its directives have been
    /// carried out.
    ///
    /// - Throws: `HandoverRefusal` when an event is not allowed; nothing has changed then.
    @discardableResult
    func take<Machine: HandoverMachine>(
        _ events: [Machine.Event], _ type: Machine.Type = Machine.self, of id: HandoverID, by context: AuditContext
    ) async throws -> HandoverStep<Machine> {
        let now = server.now()
        let step = try await server.database.write { tables in
            try tables.take(events, type, of: id, by: context, at: now)
        }
        await carryOut(step)
        return step
    }

    /// Facts about an agent, told to a handover; whatever goes wrong is logged, since nobody waits for an answer.
    func tell<Machine: HandoverMachine>(
        _ events: Machine.Event..., of id: HandoverID, as type: Machine.Type = Machine.self, by context: AuditContext
    ) async {
        do {
            try await take(events, type, of: id, by: context)
        } catch {
            server.log.warning(
                "handover event not taken", metadata: ["handover": "\(id)", "reason": "\(error.explained)"])
        }
    }

    func carryOut<Machine: HandoverMachine>(_ step: HandoverStep<Machine>) async {
        outbox.add(step.notices, of: step.state)
        await carryOut(step.directives, of: step.state)
    }

    func carryOut<Machine: HandoverMachine>(_ directives: [HandoverDirective], of machine: Machine) async {
        for directive in directives {
            switch directive {
            case .signOffer(let claims): await sign(claims)
            case .pushOffer(let offer): await push(offer, of: machine)
            case .sendRedemption(let redemption, let digest): await redeem(machine, redemption, digest)
            case .askSource: await askSource(machine)
            case .askPeers(let leaf): await askPeers(leaf)
            case .closeSessions(let leaf):
                server.agents.dismiss(because: "The agent belongs to another server.") { $0.leaf == leaf }
            case .wake(let time): await timers.set(Machine.role, machine.id, at: time)
            }
        }
    }

    // MARK: Towards the agent

    private func sign(_ claims: HandoverClaims) async {
        let now = server.now()
        do {
            let step = try await server.database.write { [server] tables in
                guard let machine = try tables.sources.find(claims.id)?.machine else {
                    throw HandoverRefusal.unknownHandover(claims.id)
                }
                let step = try machine.next(after: .offerSigned(try server.offer(claims, machine, tables)), at: now)
                try tables.save(step, by: .server, at: now)
                return step
            }
            await carryOut(step)
        } catch {
            server.log.error(
                "offer not signed", metadata: ["handover": "\(claims.id)", "reason": "\(error.explained)"])
        }
    }

    private func push(_ offer: SignedOffer, of machine: some HandoverMachine) async {
        guard let agent = machine.agentRow else { return }
        do {
            // The handover may have ended since this was decided. A database that cannot be read is no reason to wait.
            let present = try? server.database.look { try $0.sources.find(machine.id)?.machine }
            guard present?.hasRecalled(offer.hash) != true else { return }
            let news = ServerToAgent(
                connectionSettings: try offer.offers, customMessage: await server.signersMessage())
            let delivery = await server.agents.send(news, to: agent)
            switch delivery {
            case .sent: noteSent(machine.id)
            // `FleetService.sent` says when the poll takes it along.
            case .waitsForPoll, .notConnected: break
            case .notPermitted, .unsendable:
                server.log.warning(
                    "offer not delivered", metadata: ["handover": "\(machine.id)", "delivery": "\(delivery)"])
            }
        } catch {
            server.log.error(
                "offer not pushed", metadata: ["handover": "\(machine.id)", "reason": "\(error.explained)"])
        }
    }

    /// The agent's own word that it goes follows in a moment, and both share a commit.
    private func noteSent(_ id: HandoverID) {
        let now = server.now()
        Task {
            do {
                let step = try await server.database.writeWithNext { tables in
                    try tables.take([.offerSent], SourceHandover.self, of: id, by: .server, at: now)
                }
                await carryOut(step)
            } catch {
                server.log.error(
                    "offer not noted as sent", metadata: ["handover": "\(id)", "reason": "\(error.explained)"])
            }
        }
    }

    // MARK: Towards the source

    private func redeem(_ machine: some HandoverMachine, _ redemption: RedemptionID, _ digest: [UInt8]) async {
        let request = RedemptionRequest(redemption: redemption, tokenSHA256: Hex.encode(digest))
        let leaf = machine.claims.leaf
        redemptions.begin(leaf)
        var events: [TargetHandover.Event]
        do throws(PeerCallFailure) {
            let status = try await peers.redeem(machine.id, request, at: machine.otherParty)
            // In the transaction that lets the agent in: when it comes, its offer is known.
            let notices = (status.notices ?? []).prefix(OutboxSchedule.mostInOneCall).compactMap(HandoverNotice.init)
            events = [.redemptionAccepted] + notices.map { .noticeReceived($0) }
        } catch {
            switch error {
            case .refused(_, let message, _): events = [.redemptionRefused(code: message.code)]
            case .unanswered: events = [.redemptionUnanswered]
            }
        }
        do {
            try await take(events, TargetHandover.self, of: machine.id, by: .server)
        } catch {
            server.log.warning(
                "answer of the source not taken",
                metadata: ["handover": "\(machine.id)", "reason": "\(error.explained)"])
        }
        redemptions.finish(leaf)
    }

    private func askSource(_ machine: some HandoverMachine) async {
        guard let status = try? await peers.status(of: machine.id, at: machine.otherParty),
            let phase = SourceHandover.Phase(rawValue: status.phase.text)
        else { return }
        await tell(
            .sourceAnswered(phase: phase, redemption: status.redemption), of: machine.id, as: TargetHandover.self,
            by: .server)
    }

    /// The highest epoch that the agent or a peer knows takes precedence: every earlier handover here gets an event,
    /// and the next one of this server gets a higher epoch.
    private func askPeers(_ leaf: Fingerprint) async {
        let known = (try? server.database.look { try $0.peers.all().filter(\.enabled).map(\.id) }) ?? []
        await withTaskGroup { group in
            for peer in known {
                group.addTask { await askPeer(peer, about: leaf) }
            }
        }
    }

    private func askPeer(_ peer: PeerID, about leaf: Fingerprint) async {
        guard let answers = try? await peers.handovers(ofLeaf: leaf, at: peer),
            let highest = answers.map(\.epoch).max()
        else { return }
        do {
            try await seen(highest, of: leaf)
        } catch {
            server.log.error("later handover not noted", metadata: ["reason": "\(error.explained)"])
        }
    }

    /// Somebody knows of a handover of this agent with this epoch.
    private func seen(_ epoch: Epoch, of leaf: Fingerprint) async throws {
        let (departures, arrivals) = try await server.database.write { tables in
            let known = try tables.records(ofLeaf: leaf)
            if let row = known.row { try tables.apply(.raiseEpoch(row.id, to: epoch)) }
            return (
                known.departures.filter { $0.isOpen && $0.claims.epoch < epoch }.map(\.id),
                known.arrivals.filter { $0.isOpen && $0.claims.epoch < epoch }.map(\.id)
            )
        }
        for id in departures { await tell(.higherEpochSeen(epoch), of: id, as: SourceHandover.self, by: .server) }
        for id in arrivals { await tell(.higherEpochSeen(epoch), of: id, as: TargetHandover.self, by: .server) }
    }

    // MARK: Time

    /// A handover's hour has come.
    func wake(_ role: HandoverRole, _ id: HandoverID) async {
        switch role {
        case .source: await wake(SourceHandover.self, id)
        case .target: await wake(TargetHandover.self, id)
        }
    }

    private func wake<Machine: HandoverMachine>(_ type: Machine.Type, _ id: HandoverID) async {
        let row = try? server.database.look { try $0.handovers(of: type).find(id)?.machine.agentRow }
        let isPresent = row.flatMap { $0 }.map { server.agents.session(of: $0) != nil } ?? false
        await tell(Machine.wake(agentPresent: isPresent), of: id, as: type, by: .server)
    }

    /// Reads what saved handovers still owe after a start, and sets their timers.
    ///
    /// - Returns: what else they owe, for `settle`.
    func debts() async throws -> [HandoverDebt] {
        try await debts(SourceHandover.self) + debts(TargetHandover.self)
    }

    private func debts<Machine: HandoverMachine>(_ type: Machine.Type) async throws -> [HandoverDebt] {
        let open = try await server.database.read { try $0.handovers(of: type).open().map(\.machine) }
        let now = server.now()
        var debts: [HandoverDebt] = []
        for machine in open {
            let directives = machine.resume(at: now)
            await carryOut(directives.filter(\.isTimer), of: machine)
            let others = directives.filter { !$0.isTimer }
            guard !others.isEmpty else { continue }
            debts.append(HandoverDebt(peer: machine.otherParty) { await carryOut(others, of: machine) })
        }
        return debts
    }

    /// One after the other for each peer, and all peers at once; a task that is cancelled leaves the rest undone.
    func settle(_ debts: [HandoverDebt]) async {
        await withTaskGroup { group in
            for (_, debts) in Dictionary(grouping: debts, by: \.peer) {
                group.addTask {
                    for debt in debts where !Task.isCancelled { await debt.pay() }
                }
            }
        }
    }
}

extension StorageTransaction {
    /// - Throws: `HandoverRefusal` when there is no such handover, or an event is not allowed.
    func take<Machine: HandoverMachine>(
        _ events: [Machine.Event], _ type: Machine.Type = Machine.self, of id: HandoverID, by context: AuditContext,
        at now: Timestamp
    ) throws -> HandoverStep<Machine> {
        guard let machine = try handovers(of: type).find(id)?.machine else { throw HandoverRefusal.unknownHandover(id) }
        let step = try machine.next(after: events, at: now)
        if step.state != machine || !step.isEmpty { try save(step, by: context, at: now) }
        return step
    }
}

extension ServerContext {
    /// The offer of a handover, over a token that is signed now.
    func offer(
        _ claims: HandoverClaims, _ machine: SourceHandover, _ tables: StorageTransaction
    ) throws -> SignedOffer {
        guard let leaf = try tables.agents.find(machine.agent)?.leaf else { throw HandoverRefusal.agentHasNoLeaf }
        let offers = try ConnectionSettingsOffers.handover(
            machine.claims, token: try authority.sign(claims), leaf: leaf, certificate: machine.certificate)
        return try SignedOffer(offers, expiresAt: claims.expiresAt)
    }
}

/// What a handover that was open at the start still has to do.
struct HandoverDebt: Sendable {
    /// With whom; calls to one peer do not wait for those to another.
    let peer: PeerID
    let pay: @Sendable () async -> Void
}

extension HandoverDirective {
    fileprivate var isTimer: Bool {
        switch self {
        case .wake: true
        case .signOffer, .pushOffer, .sendRedemption, .askSource, .askPeers, .closeSessions: false
        }
    }
}
