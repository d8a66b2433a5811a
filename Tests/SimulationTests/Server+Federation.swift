import Certificates
import HandoverToken
import ServerCore
import Vocabulary

// What a server asks of its peers, and what it answers them.
extension Server {
    enum ClaimAnswer {
        /// With what waits to be told.
        case honoured([HandoverNotice])
        case refused(code: String)
    }

    enum Reception: Equatable {
        case taken
        case gap
        /// The number of the one that was refused.
        case refused(Int)
        case unknown
    }

    func peerIndex(_ id: PeerID) -> Int? { world.servers.firstIndex { $0.place.id == id } }

    func redeem(_ machine: some Machine, _ redemption: RedemptionID, _ digest: [UInt8]) {
        guard let source = peerIndex(machine.otherParty) else { return }
        let (id, peer) = (machine.id, place.id)
        world.call(from: self, to: source) {
            $0.answerClaim(id, redemption, digest, from: peer)
        } answered: { answer in
            if case .refused(let code) = answer { self.world.checkClaimRefused(id, redemption, code) }
            let events: [TargetHandover.Event] =
                switch answer {
                case .honoured(let notices): [.redemptionAccepted] + notices.map { .noticeReceived($0) }
                case .refused(let code): [.redemptionRefused(code: code)]
                case nil: [.redemptionUnanswered]
                }
            self.tell(events, TargetHandover.self, of: id)
        }
    }

    func answerClaim(
        _ id: HandoverID, _ redemption: RedemptionID, _ digest: [UInt8], from peer: PeerID
    ) -> ClaimAnswer? {
        do {
            guard let machine = self.machine(id, SourceHandover.self) else { throw HandoverRefusal.unknownHandover(id) }
            let row = tables.row(machine.agent)
            let claim = TokenRedemption(
                redemption: redemption, tokenDigest: digest, peer: peer, leaf: row?.fingerprint,
                leafRevoked: row?.leafRevoked ?? false, epoch: row?.epoch ?? 0)
            world.tally.reach(.source, machine.phaseName, "redeemed")
            if world.breaks(.redemptionNotRepeated), machine.redemption == redemption {
                throw HandoverRefusal.alreadyRedeemed
            }
            var step = try machine.next(after: .redeemed(claim), at: wall)
            if case .signOffer(let claims)? = step.directives.last, let leaf = row?.leaf {
                step.directives.removeLast()
                let event = SourceHandover.Event.offerSigned(try offer(claims, machine, leaf))
                world.tally.reach(.source, step.state.phaseName, event.kind)
                step = step.followed(by: try step.state.next(after: event, at: wall))
            }
            if step.state != machine { try save(step, before: machine) }
            // The answer goes first, and tells of them.
            let notices = tables.messages(of: id, .source)
            toldByAnswer.formUnion(notices.suffix(step.notices.count).map(\.number))
            schedule.answered(OutboxSchedule.Party(handover: id, role: .source), at: clock)
            later(world.dice.milliseconds(1...20)) { self.deliverNotices() }
            later(world.dice.milliseconds(1...20)) { self.carryOut(step.directives, of: step.state) }
            world.checkClaimHonoured(id, redemption)
            return .honoured(notices.map(\.notice))
        } catch let refusal as HandoverRefusal {
            if world.broken == .redeemedTwice, case .alreadyRedeemed = refusal {
                world.checkClaimHonoured(id, redemption)
                return .honoured([])
            }
            world.note("\(place.name) \(id.short): claim refused, \(refusal.operatorMessage.code)")
            world.tally.count("claims refused")
            return .refused(code: refusal.operatorMessage.code)
        } catch {
            return nil
        }
    }

    func askSource(_ machine: some Machine) {
        guard let source = peerIndex(machine.otherParty) else { return }
        let id = machine.id
        world.call(from: self, to: source) {
            $0.tables.find(id, SourceHandover.self)
        } answered: { answer in
            guard let answer else { return }
            self.tell(
                .sourceAnswered(phase: answer.phase, redemption: answer.redemption), TargetHandover.self, of: id)
        }
    }

    func askPeers(_ leaf: Fingerprint) {
        let own = place.id
        for peer in world.servers where peer.index != index {
            world.call(from: self, to: peer.index) { peer -> Epoch? in
                let sources = peer.tables.sources.filter { $0.claims.leaf == leaf && $0.otherParty == own }
                let targets = peer.tables.targets.filter { $0.claims.leaf == leaf && $0.otherParty == own }
                return (sources.map(\.claims.epoch) + targets.map(\.claims.epoch)).max()
            } answered: { highest in
                if let highest { self.seen(highest, of: leaf) }
            }
        }
    }

    /// Somebody, a peer or the agent itself, knows of a handover of this agent with this epoch.
    func seen(_ epoch: Epoch, of leaf: Fingerprint) {
        let known = tables.records(ofLeaf: leaf)
        if let row = known.row { tables.apply(.raiseEpoch(row.id, to: epoch)) }
        for machine in known.departures where machine.isOpen && machine.claims.epoch < epoch {
            tell(.higherEpochSeen(epoch), SourceHandover.self, of: machine.id)
        }
        for machine in known.arrivals where machine.isOpen && machine.claims.epoch < epoch {
            tell(.higherEpochSeen(epoch), TargetHandover.self, of: machine.id)
        }
    }

    // MARK: Outbox

    private var clock: Duration { .milliseconds(world.now) }

    /// As the product's schedule says, each call for itself.
    func deliverNotices() {
        guard isUp else { return }
        for party in schedule.overdue(at: clock) {
            toldByAnswer.subtract(tables.messages(of: party.handover, party.role).map(\.number))
        }
        let waiting = tables.outbox.filter { !toldByAnswer.contains($0.number) }
        let messages = world.breaks(.noticesInAnyOrder) ? waiting.reversed() : waiting
        for call in schedule.due(messages.map(\.item), at: clock) {
            deliver(call.compactMap { item in messages.first { $0.item == item } })
        }
        guard !tables.outbox.isEmpty, let next = schedule.nextLook(after: clock)?.wholeMilliseconds,
            outboxLook.map({ next < $0 }) ?? true
        else { return }
        outboxLook = next
        later(next - world.now) {
            if self.outboxLook == next { self.outboxLook = nil }
            self.deliverNotices()
        }
    }

    private func deliver(_ messages: [Tables.OutboxMessage]) {
        guard let first = messages.first, let peer = peerIndex(first.peer) else { return }
        let own = place.id
        let received =
            switch first.role {
            case .source: tables.find(first.handover, SourceHandover.self)?.notices.received
            case .target: tables.find(first.handover, TargetHandover.self)?.notices.received
            }
        world.call(from: self, to: peer) {
            $0.answerNotices(messages.map(\.notice), received: received ?? 0, of: first.handover, from: own)
        } answered: { answer in
            let outcome = self.taken(messages, answer)
            if outcome != .done {
                self.toldByAnswer.subtract(self.tables.messages(of: first.handover, first.role).map(\.number))
            }
            self.schedule.ended(messages.map(\.item), outcome, at: self.clock)
            self.deliverNotices()
        }
    }

    private func taken(_ messages: [Tables.OutboxMessage], _ answer: Reception?) -> OutboxSchedule.Outcome {
        switch answer {
        case .taken: return acknowledge(messages[messages.count - 1], wasRefused: false)
        case .refused(let sequence):
            let refused = messages.last { $0.notice.sequence <= sequence } ?? messages[0]
            return acknowledge(refused, wasRefused: true)
        case .gap, .unknown:
            guard wall > messages[0].notice.at + OutboxSchedule.retryPeriod else { return .later }
            world.tally.count("notices given up")
            return acknowledge(messages[0], wasRefused: false)
        case nil: return .silent
        }
    }

    /// The peer has this one and those before it.
    private func acknowledge(_ message: Tables.OutboxMessage, wasRefused: Bool) -> OutboxSchedule.Outcome {
        guard (try? crashPoint()) != nil else { return .later }
        if wasRefused {
            world.note("\(place.name) \(message.handover.short): \(message.notice.type.rawValue) was refused")
            if message.role == .target {
                tell(.noticeRefused(message.notice.type), TargetHandover.self, of: message.handover)
            }
            guard (try? crashPoint()) != nil else { return .later }
        }
        tables.removeMessages(upTo: message.notice.sequence, of: message.handover, message.role)
        return .done
    }

    /// Only the handover's other party is heard.
    func answerNotices(
        _ notices: [HandoverNotice], received: Int, of id: HandoverID, from peer: PeerID
    ) -> Reception? {
        do {
            if let machine = self.machine(id, SourceHandover.self),
                machine.otherParty == peer || world.breaks(.anyPeerHeard)
            {
                return try take(notices, received: received, machine)
            }
            if let machine = self.machine(id, TargetHandover.self), machine.otherParty == peer {
                return try take(notices, received: received, machine)
            }
            return .unknown
        } catch {
            return nil
        }
    }

    private func take<Kind: Machine>(
        _ notices: [HandoverNotice], received: Int, _ machine: Kind
    ) throws -> Reception {
        var notices = notices
        if world.breaks(.noticesInAnyOrder) {
            for index in notices.indices { notices[index].sequence = machine.notices.received + 1 + index }
        }
        reach(machine, notices.map(Kind.noticed))
        let (step, sequence) = try machine.next(after: notices, at: wall)
        if step.state != machine || !step.isEmpty { try save(step, before: machine) }
        tables.removeMessages(upTo: received, of: machine.id, Kind.role)
        schedule.heard(OutboxSchedule.Party(handover: machine.id, role: Kind.role))
        if received < machine.notices.sent {
            toldByAnswer.subtract(tables.messages(of: machine.id, Kind.role).map(\.number))
            later(world.dice.milliseconds(1...20)) { self.deliverNotices() }
        }
        carryOut(step.directives, of: step.state)
        switch step.answer ?? .accepted {
        case .accepted, .duplicate: return .taken
        case .gap: return .gap
        case .refused: return .refused(sequence)
        }
    }
}
