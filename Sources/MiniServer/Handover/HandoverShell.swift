import Foundation
import HandoverToken
import Logging
import OpAMPProto
import PeerAPI
import PeerCore
import Vocabulary

/// Carries handovers out: load, decide, save in one transaction, then act, and feed what came of it back.
///
/// It has no state of its own. Two events of one handover are put in order by the database, so each decides on what the
/// other has saved.
struct HandoverShell: Sendable {
    let site: Site
    let peers: any PeerCalls
    let outbox: Outbox
    let alarms: Alarms
    let claims = ClaimsUnderWay()

    /// One event. The step is saved when this returns, and its directives have been carried out.
    ///
    /// - Throws: `HandoverRefusal` when the event is not allowed; nothing has changed then.
    @discardableResult
    func take<Machine: HandoverMachine>(
        _ event: Machine.Event, _ type: Machine.Type = Machine.self, of id: HandoverID, by context: AuditContext
    ) async throws -> HandoverStep<Machine> {
        let now = site.now()
        let step = try await site.database.write { tables in
            guard let row = try tables.handovers(of: Machine.self).find(id) else {
                throw HandoverRefusal.unknownHandover(id)
            }
            let step = try row.machine.next(after: event, at: now)
            if step.state != row.machine || !step.isEmpty { try tables.save(step, by: context, at: now) }
            return step
        }
        await carryOut(step)
        return step
    }

    /// A fact about an agent, told to a handover; whatever goes wrong is logged, since nobody waits for an answer.
    func tell<Machine: HandoverMachine>(
        _ event: Machine.Event, _ type: Machine.Type = Machine.self, of id: HandoverID, by context: AuditContext
    ) async {
        do {
            try await take(event, Machine.self, of: id, by: context)
        } catch {
            site.log.warning(
                "handover event not taken", metadata: ["handover": "\(id)", "reason": "\(error.explained)"])
        }
    }

    func carryOut<Machine: HandoverMachine>(_ step: HandoverStep<Machine>) async {
        if !step.notices.isEmpty { outbox.wake() }
        await carryOut(step.directives, of: step.state)
    }

    private func carryOut<Machine: HandoverMachine>(_ directives: [HandoverDirective], of machine: Machine) async {
        for directive in directives {
            switch directive {
            case .signOffer(let claims): await sign(claims)
            case .pushOffer(let offer): await push(offer, of: machine.id)
            case .sendClaim(let redemption, let digest): await claim(machine, redemption, digest)
            case .askSource: await askSource(machine)
            case .askPeers(let leaf): await askPeers(leaf, besides: machine.id)
            case .closeSessions(let leaf):
                site.agents.dismiss(because: "The agent belongs to another server.") { $0.leaf == leaf }
            case .wake(let time): await alarms.set(Machine.side, machine.id, at: time)
            }
        }
    }

    // MARK: Towards the agent

    private func sign(_ claims: HandoverClaims) async {
        do {
            let token = try site.authority.sign(claims)
            let offers = try await offers(of: claims.id, token: token)
            let signed = SignedOffer(token: token, hash: offers.hash, expiresAt: claims.expiresAt)
            try await take(.offerSigned(signed), SourceHandover.self, of: claims.id, by: .server)
        } catch {
            site.log.error("offer not signed", metadata: ["handover": "\(claims.id)", "reason": "\(error.explained)"])
        }
    }

    private func push(_ offer: SignedOffer, of id: HandoverID) async {
        do {
            let (offers, agent) = (try await offers(of: id, token: offer.token), try await agent(of: id))
            let news = ServerToAgent(connectionSettings: offers, customMessage: await TrustNews(site: site).signers())
            let delivery = await site.agents.send(news, to: agent)
            switch delivery {
            case .sent: try await take(.offerSent, SourceHandover.self, of: id, by: .server)
            // `FleetDesk.sent` says when the poll takes it along.
            case .waitsForPoll, .notConnected: break
            case .notPermitted, .unsendable:
                site.log.warning("offer not delivered", metadata: ["handover": "\(id)", "delivery": "\(delivery)"])
            }
        } catch {
            site.log.error("offer not pushed", metadata: ["handover": "\(id)", "reason": "\(error.explained)"])
        }
    }

    private func offers(of id: HandoverID, token: String) async throws -> ConnectionSettingsOffers {
        let (machine, leaf) = try await site.database.read { tables in
            guard let machine = try tables.sources.find(id)?.machine else {
                throw HandoverRefusal.unknownHandover(id)
            }
            guard let leaf = try tables.agents.find(machine.agent)?.leaf else { throw HandoverRefusal.agentHasNoLeaf }
            return (machine, leaf)
        }
        return try HandoverOffer.make(machine.claims, token: token, leaf: leaf, certificate: machine.certificate)
    }

    private func agent(of id: HandoverID) async throws -> AgentID {
        try await site.database.read { tables in
            guard let machine = try tables.sources.find(id)?.machine else {
                throw HandoverRefusal.unknownHandover(id)
            }
            return machine.agent
        }
    }

    // MARK: Towards the source

    private func claim(_ machine: some HandoverMachine, _ redemption: RedemptionID, _ digest: [UInt8]) async {
        let request = ClaimRequest(redemption: redemption, tokenSHA256: Hex.encode(digest))
        let leaf = machine.claims.leaf
        await claims.begin(leaf)
        let event: TargetHandover.Event
        do throws(PeerCallFailure) {
            _ = try await peers.claim(machine.id, request, at: machine.otherParty)
            event = .claimAccepted
        } catch {
            switch error {
            case .refused(_, let message, _): event = .claimRefused(code: message.code)
            case .unanswered: event = .claimUnanswered
            }
        }
        await tell(event, TargetHandover.self, of: machine.id, by: .server)
        await claims.finish(leaf)
    }

    private func askSource(_ machine: some HandoverMachine) async {
        guard let status = try? await peers.status(of: machine.id, at: machine.otherParty),
            let phase = SourceHandover.Phase(rawValue: status.phase)
        else { return }
        await tell(
            .sourceAnswered(phase: phase, redemption: status.redemption), TargetHandover.self, of: machine.id,
            by: .server)
    }

    /// Whoever knows of a later handover of the agent has the say, and every earlier one here is told.
    private func askPeers(_ leaf: Fingerprint, besides asking: HandoverID) async {
        let known = (try? await site.database.read { try $0.peers.all().filter(\.enabled).map(\.id) }) ?? []
        for peer in known {
            guard let answers = try? await peers.handovers(ofLeaf: leaf, at: peer) else { continue }
            guard let highest = answers.map(\.epoch).max() else { continue }
            let earlier = try? await site.database.read { tables in
                try tables.kin(of: leaf).departures.filter { $0.isOpen && $0.claims.epoch < highest && $0.id != asking }
            }
            for departure in earlier ?? [] {
                await tell(.higherEpochSeen(highest), SourceHandover.self, of: departure.id, by: .server)
            }
        }
    }

    // MARK: Time

    /// A handover's hour has come.
    func wake(_ side: HandoverRole, _ id: HandoverID) async {
        switch side {
        case .source: await wake(SourceHandover.self, id)
        case .target: await wake(TargetHandover.self, id)
        }
    }

    private func wake<Machine: HandoverMachine>(_ type: Machine.Type, _ id: HandoverID) async {
        let row = try? await site.database.read { try $0.handovers(of: type).find(id)?.machine.agentRow }
        let isPresent = row.flatMap { $0 }.map { site.agents.session(of: $0) != nil } ?? false
        await tell(Machine.wake(agentPresent: isPresent), type, of: id, by: .server)
    }

    /// What saved handovers still owe after a start.
    func resume() async throws {
        try await resume(SourceHandover.self)
        try await resume(TargetHandover.self)
        outbox.wake()
    }

    private func resume<Machine: HandoverMachine>(_ type: Machine.Type) async throws {
        let open = try await site.database.read { try $0.handovers(of: type).open().map(\.machine) }
        let now = site.now()
        for machine in open { await carryOut(machine.resume(at: now), of: machine) }
    }
}
