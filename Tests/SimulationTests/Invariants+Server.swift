import AgentCore
import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

// T1 to T8, each by its name.
extension World {
    /// What is about to become durable, as one transaction.
    func checkCommit<Kind: Machine>(
        of step: HandoverStep<Kind>, before: Kind?, from: Tables, to: Tables, at server: Server
    ) {
        let machine = step.state
        checkT8(machine, before: before, from: from, to: to)
        checkT4(from, to)
        guard before?.phaseName != machine.phaseName else { return }
        tally.count("\(Kind.role.rawValue) \(machine.phaseName)")
        if let source = machine as? SourceHandover {
            checkCommit(source, to, at: server)
        } else if let target = machine as? TargetHandover {
            checkCommit(target, before: (before as? TargetHandover)?.phase, to, at: server)
        }
    }

    private func checkCommit(_ source: SourceHandover, _ to: Tables, at server: Server) {
        let row = to.row(source.agent)
        switch source.phase {
        case .issued: checkT4(issued: source, at: server)
        case .moved: checkT6(row, by: source.id)
        case .returned: check(.T5, row?.presence.isHere == true, "\(source.id.short) returned, and the row did not")
        case .redeemed, .offered, .leaving, .settled, .expired, .cancelled: break
        }
    }

    private func checkCommit(
        _ target: TargetHandover, before: TargetHandover.Phase?, _ to: Tables, at server: Server
    ) {
        let row = target.agentRow.flatMap(to.row)
        switch target.phase {
        case .awaiting where before == .redeeming: checkT1(target, row)
        case .arrived:
            truth.arrived.insert(target.id)
            let uid = target.claims.agent.instanceUID
            truth.epochs[uid] = max(truth.epochs[uid] ?? 0, target.claims.epoch)
            checkT5(target)
            check(.T5, row?.presence == .live, "\(target.id.short) arrived, and the row did not")
        case .lapsed, .withdrawn:
            check(.T5, row?.presence.isHere != true, "\(target.id.short) is over, and its row stays")
        case .previewed, .redeeming, .awaiting, .connected, .settled: break
        }
    }

    /// T1: a token is redeemed at most once.
    func checkClaimHonoured(_ id: HandoverID, _ redemption: RedemptionID) {
        truth.honoured[id, default: []].insert(redemption)
        check(.T1, hasLostData || truth.honoured[id]?.count == 1, "\(id.short) was redeemed twice")
    }

    /// T1: a redemption that was accepted is accepted again, as often as its target asks.
    func checkClaimRefused(_ id: HandoverID, _ redemption: RedemptionID, _ code: String) {
        guard code == HandoverRefusal.alreadyRedeemed.operatorMessage.code else { return }
        check(
            .T1, hasLostData || truth.honoured[id]?.contains(redemption) != true,
            "\(id.short) was redeemed, and its target is told that it was not")
    }

    /// T1: and a target expects an agent only by a token that its source has honoured, in one transaction with the row.
    private func checkT1(_ target: TargetHandover, _ row: AgentRecord?) {
        check(
            .T1, target.redemption.map { truth.honoured[target.id]?.contains($0.id) == true } == true,
            "\(target.id.short) is awaited although its source has not honoured the claim")
        check(.T1, row?.presence == .arriving, "\(target.id.short) was redeemed without its row")
    }

    /// T2, T3: a foreign leaf comes in only by exact fingerprint and a live record, T2 because nobody else has its key.
    func checkAdmission(_ decision: LeafAcceptance.Decision, of leaf: Certificate, at server: Server) {
        let owner = truth.leaves[leaf.fingerprint]
        switch decision {
        case .arriving(_, let id):
            let target = server.tables.find(id, TargetHandover.self)
            check(
                .T3, owner != nil && target?.claims.leaf == leaf.fingerprint && target?.phase.admitsLeaf == true,
                "\(server.place.name) lets a leaf in that no open handover names")
        case .agent(let row):
            let record = server.tables.row(row)
            check(
                .T3,
                owner != nil && owner == record.flatMap { agent(of: $0.instanceUID) }
                    && record?.honours(leaf.fingerprint, at: server.wall) == true,
                "\(server.place.name) takes a leaf for another agent's")
        case .movedOn(_, let id):
            let source = server.tables.find(id, SourceHandover.self)
            check(.T3, source?.claims.leaf == leaf.fingerprint, "\(server.place.name) sends the wrong agent away")
        case .bootstrap, .refused: break
        }
    }

    /// T2: an answer without an error is a candidate's proof, so that only an agent that may be here gets one.
    func checkVerified(by server: Server, _ session: Session) {
        let standing = server.facts(of: session).standing(at: server.wall)
        check(.T2, standing != .over, "\(server.place.name) verifies a session that is over")
        if standing == .member { hosts[session.line.host].isUntold = false }
    }

    /// T4: a lower epoch never overwrites a higher one.
    func checkT4(_ from: Tables, _ to: Tables) {
        for row in from.rows {
            check(.T4, (to.row(row.id)?.epoch ?? 0) >= row.epoch, "a row's epoch has fallen")
        }
    }

    /// T4: each handover of an agent carries a higher epoch than every one before by which it has arrived, and than the agent
    /// has told this server, which may have forgotten.
    private func checkT4(issued source: SourceHandover, at server: Server) {
        let told = server.session(of: source.agent)?.toldEpoch ?? 0
        check(
            .T4, source.claims.epoch > told,
            "\(source.id.short) has epoch \(source.claims.epoch) for an agent that has told of \(told)")
        let known = truth.epochs[source.claims.agent.instanceUID] ?? 0
        check(
            .T4, hasLostData || source.claims.epoch > known,
            "\(source.id.short) has epoch \(source.claims.epoch) after \(known)")
    }

    /// T5: nothing is live before the agent has committed.
    private func checkT5(_ target: TargetHandover) {
        let leaf = target.claims.leaf
        guard let agent = truth.leaves[leaf] else { return }
        check(
            .T5, truth.committed.contains(.init(agent: agent, server: target.claims.audience)),
            "\(target.id.short) shows agent \(agent) live before it has committed")
    }

    /// T10: no agent that is connected to its server loses the way back to it by the end of a CA key.
    func checkRetirement(at server: Server) {
        // The facts draw an instance_uid, and a check changes no world.
        let dice = dice
        defer { self.dice = dice }
        for session in server.sessions where server.facts(of: session).standing(at: server.wall) == .member {
            let host = hosts[session.line.host]
            let settings = host.disk.active.settings
            // The server may not know yet that the host has gone, and is another one since.
            guard host.line === session.line, self.server(at: settings.endpoint) === server else { continue }
            check(.T10, server.isTrusted(by: settings), "\(server.place.name) locks host \(host.index) out")
        }
    }

    func agent(of uid: InstanceUID) -> Int? { agents.first { Places.shared.births[$0].uid == uid } }

    func checkRowLive(_ row: AgentID, by id: HandoverID, at server: Server) {
        if let target = server.tables.find(id, TargetHandover.self) { checkT5(target) }
    }

    /// The settled handover whose agent says that it has lost its target before it had settled there.
    func leftBehind(_ message: AgentToServer, _ session: Session, at server: Server) -> SourceHandover? {
        guard let status = message.connectionSettingsStatus, status.status == .failed,
            status.errorMessage.hasPrefix(MoveCause.probation.code),
            case .movedOn(let id) = server.facts(of: session).standing(at: server.wall),
            let source = server.tables.find(id, SourceHandover.self), source.phase == .settled,
            source.offerHashes.contains(status.lastConnectionSettingsHash)
        else { return nil }
        return source
    }

    /// T10: such an agent is taken back, whether the target is ever there again or not.
    func checkTakenBack(_ source: SourceHandover, at server: Server) {
        check(
            .T10, server.tables.row(source.agent)?.presence.isHere == true,
            "\(server.place.name) sends an agent back that has lost its target by \(source.id.short)")
    }

    /// T10: an agent that is taken back without a word of its own is not at the target.
    func checkStays(_ source: SourceHandover, at server: Server) {
        guard let agent = agent(of: source.claims.agent.instanceUID) else { return }
        let lines = hosts(of: agent).compactMap(\.line)
        check(
            .T10, lines.isEmpty || lines.contains { servers[$0.server].place.id != source.otherParty },
            "\(server.place.name) takes an agent back by a session that it has left, by \(source.id.short)")
    }

    /// T6: an agent is given away only on evidence from the target.
    private func checkT6(_ row: AgentRecord?, by id: HandoverID) {
        check(.T6, truth.arrived.contains(id), "\(id.short) gave the agent away before the target had it")
        let hasMoved = if case .movedToPeer? = row?.presence { true } else { false }
        check(.T6, hasMoved, "\(id.short) has moved, and its row has not")
    }

    func checkRowMoved(_ row: AgentID, by id: HandoverID, at server: Server) {
        checkT6(server.tables.row(row), by: id)
    }

    /// T7: a stranger's word changes nothing.
    func checkT7(_ answer: Server.Reception?, before: Tables, at server: Server) {
        let isUnmoved = before.sources == server.tables.sources && before.targets == server.tables.targets
        check(.T7, isUnmoved && answer == .unknown, "\(server.place.name) listened to a third party")
    }

    /// T8: every change of state has its audit entry, written with it.
    private func checkT8<Kind: Machine>(_ machine: Kind, before: Kind?, from: Tables, to: Tables) {
        guard before?.phaseName != machine.phaseName else { return }
        let entry = to.audit.suffix(to.audit.count - from.audit.count).first { $0.fact.after == machine.phaseName }
        check(
            .T8, entry?.handover == machine.id && entry?.fact.originPeerID == machine.claims.issuer,
            "\(machine.id.short) became \(machine.phaseName) without an audit entry")
    }

    /// T5: two servers show an agent live only while one of them has yet to be told, and the telling is durable.
    func checkFleet() {
        guard isFleetChanged else { return }
        isFleetChanged = false
        guard !hasLostData else { return }
        for agent in agents {
            let birth = Places.shared.births[agent]
            let live = servers.filter { server in
                server.tables.rows.contains { $0.instanceUID == birth.uid && $0.presence == .live }
            }
            // Of an agent that has or had two hosts both may be right.
            guard live.count > 1, hosts.count(where: { $0.agentNumber == agent }) < 2 else { continue }
            // The word may be another's: a source that had the agent back, and has given it away again since.
            let ids = servers.flatMap { $0.tables.outbox.map(\.handover) }
            let isPending = servers.contains { server in
                server.tables.sources.contains {
                    $0.claims.agent.instanceUID == birth.uid && ids.contains($0.id)
                }
            }
            check(.T5, isPending, "\(live.map(\.place.name)) all show agent \(agent) live, and none will be told")
        }
    }
}
