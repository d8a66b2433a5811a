import Certificates
import HandoverToken
import ServerCore
import Vocabulary

// What a server asks of its peers, and what it answers them.
extension Server {
    enum ClaimAnswer {
        case honoured
        case refused(code: String)
    }

    enum Reception {
        case taken
        case gap
        case refused
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
            let event: TargetHandover.Event =
                switch answer {
                case .honoured: .redemptionAccepted
                case .refused(let code): .redemptionRefused(code: code)
                case nil: .redemptionUnanswered
                }
            self.tell(event, TargetHandover.self, of: id)
        }
    }

    func answerClaim(
        _ id: HandoverID, _ redemption: RedemptionID, _ digest: [UInt8], from peer: PeerID
    ) -> ClaimAnswer? {
        do {
            guard let machine = tables.find(id, SourceHandover.self) else { throw HandoverRefusal.unknownHandover(id) }
            let row = tables.row(machine.agent)
            let claim = TokenRedemption(
                redemption: redemption, tokenDigest: digest, peer: peer, leaf: row?.fingerprint,
                leafRevoked: row?.leafRevoked ?? false, epoch: row?.epoch ?? 0)
            world.tally.reach(.source, machine.phaseName, "redeemed")
            if world.breaks(.redemptionNotRepeated), machine.redemption == redemption {
                throw HandoverRefusal.alreadyRedeemed
            }
            let step = try machine.next(after: .redeemed(claim), at: wall)
            if step.state != machine { try save(step, before: machine) }
            // The answer goes first.
            later(world.dice.milliseconds(1...20)) { self.carryOut(step.directives, of: step.state) }
            world.checkClaimHonoured(id, redemption)
            return .honoured
        } catch let refusal as HandoverRefusal {
            if world.broken == .redeemedTwice, case .alreadyRedeemed = refusal {
                world.checkClaimHonoured(id, redemption)
                return .honoured
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

    /// As the product's schedule says, each notice for itself.
    func deliverNotices() {
        guard isUp else { return }
        let messages = tables.dueMessages(isNewestFirst: world.breaks(.noticesInAnyOrder))
        let due = Set(schedule.due(messages.map(\.item), at: clock).map(\.number))
        for message in messages where due.contains(Int64(message.number)) { deliver(message) }
        guard !tables.outbox.isEmpty, let next = schedule.nextLook(after: clock)?.wholeMilliseconds,
            outboxLook.map({ next < $0 }) ?? true
        else { return }
        outboxLook = next
        later(next - world.now) {
            if self.outboxLook == next { self.outboxLook = nil }
            self.deliverNotices()
        }
    }

    private func deliver(_ message: Tables.OutboxMessage) {
        guard let peer = peerIndex(message.peer) else { return }
        let own = place.id
        world.call(from: self, to: peer) {
            $0.answerNotice(message.notice, of: message.handover, from: own)
        } answered: { answer in
            let outcome = self.taken(message, answer)
            self.schedule.ended(message.item, outcome, at: self.clock)
            self.deliverNotices()
        }
    }

    private func taken(_ message: Tables.OutboxMessage, _ answer: Reception?) -> OutboxSchedule.Outcome {
        switch answer {
        case .taken: return acknowledge(message, wasRefused: false)
        case .refused: return acknowledge(message, wasRefused: true)
        case .gap, .unknown:
            guard wall > message.notice.at + OutboxSchedule.retryPeriod else { return .later }
            world.tally.count("notices given up")
            return acknowledge(message, wasRefused: false)
        case nil: return .silent
        }
    }

    private func acknowledge(_ message: Tables.OutboxMessage, wasRefused: Bool) -> OutboxSchedule.Outcome {
        guard (try? crashPoint()) != nil else { return .later }
        if wasRefused {
            world.note("\(place.name) \(message.handover.short): \(message.notice.type.rawValue) was refused")
            if message.role == .target {
                tell(.noticeRefused(message.notice.type), TargetHandover.self, of: message.handover)
            }
            guard (try? crashPoint()) != nil else { return .later }
        }
        tables.outbox.removeAll { $0.number == message.number }
        return .done
    }

    /// Only the handover's other party is heard.
    func answerNotice(_ notice: HandoverNotice, of id: HandoverID, from peer: PeerID) -> Reception? {
        var notice = notice
        let (source, target) = (tables.find(id, SourceHandover.self), tables.find(id, TargetHandover.self))
        if world.breaks(.noticesInAnyOrder) {
            let received = source?.otherParty == peer ? source?.notices.received : target?.notices.received
            notice.sequence = (received ?? 0) + 1
        }
        do {
            let answer: NoticeAnswer?
            if source?.otherParty == peer || source != nil && world.breaks(.anyPeerHeard) {
                answer = try take(.noticeReceived(notice), SourceHandover.self, of: id).answer
            } else if target?.otherParty == peer {
                answer = try take(.noticeReceived(notice), TargetHandover.self, of: id).answer
            } else {
                return .unknown
            }
            switch answer ?? .accepted {
            case .accepted, .duplicate: return .taken
            case .gap: return .gap
            case .refused: return .refused
            }
        } catch {
            return nil
        }
    }
}
