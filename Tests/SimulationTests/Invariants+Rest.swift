import AgentCore
import Certificates
import HandoverToken
import ServerCore
import Vocabulary

// What must be true once the world has healed and time has passed.
extension World {
    var isAtRest: Bool {
        servers.allSatisfy { server in
            server.isUp && server.tables.outbox.isEmpty && !server.tables.sources.contains(where: isExpectedToEnd)
                && !server.tables.targets.contains(where: isExpectedToEnd)
        }
            && hosts.allSatisfy { host in
                guard !host.isGone, !host.isOutdated else { return true }
                guard case .online? = host.agent?.phase else { return false }
                return host.agent?.state.candidate == nil && host.agent?.state.probation == nil
            }
    }

    func checkRest() {
        guard violation == nil else { return }
        for server in servers {
            let left = server.tables.outbox.map {
                "\($0.notice.type.rawValue) \($0.notice.sequence) of \($0.handover.short)"
            }
            check(.T10, left.isEmpty, "\(server.place.name) has not got rid of \(left.joined(separator: ", "))")
        }
        guard !hasLostData else { return checkIssues() }
        for server in servers {
            for machine in server.tables.sources { checkClosed(machine, at: server) }
            for machine in server.tables.targets { checkClosed(machine, at: server) }
        }
        for agent in agents { checkOneHome(agent) }
        for server in servers {
            for source in server.tables.sources where !isLost(source) { checkHistories(source, at: server) }
        }
        checkNoSecrets()
    }

    /// T4 after a loss of data: whatever epochs were forgotten, an agent that is where it is shown can be handed over.
    private func checkIssues() {
        for host in hosts where !host.isGone && !host.isOutdated {
            guard let owner = home(of: host) else { continue }
            guard canLearnSigners(host, of: owner) else { continue }
            letLeafBegin(of: host, at: owner)
            tally.count("agents at home after a loss")
            let target = servers.indices.first { $0 != owner.index } ?? 0
            check(
                .T4, hasMoved(host, from: owner, to: target),
                "agent \(host.index) cannot be handed over by \(owner.place.name) any more")
        }
    }

    /// The one server that shows the agent, when it is there and nothing of it is open anywhere.
    func home(of host: Host) -> Server? {
        let birth = Places.shared.births[host.agentNumber]
        let owners = owners(of: birth.uid)
        guard owners.count == 1, let owner = owners.first, case .online(let line)? = host.agent?.phase,
            server(at: line.endpoint) === owner
        else { return nil }
        let isOpen = servers.contains { server in
            server.tables.sources.contains { $0.claims.agent.instanceUID == birth.uid && $0.isOpen }
                || server.tables.targets.contains { $0.claims.agent.instanceUID == birth.uid && $0.isOpen }
        }
        return isOpen ? nil : owner
    }

    /// Hands the agent over as two operators do, who follow the advice of a refusal: what stands in the way is cancelled,
    /// and the next token has a higher epoch.
    func hasMoved(_ host: Host, from source: Server, to target: Int) -> Bool {
        (0..<4).contains { _ in
            let uid = Places.shared.births[host.agentNumber].uid
            for machine in source.tables.sources
            where machine.claims.agent.instanceUID == uid && machine.phase == .issued {
                source.tell(.cancelRequested(reason: nil), SourceHandover.self, of: machine.id)
            }
            let before = tokens.count
            issue(host.agentNumber, from: source, to: target, probation: 60)
            guard tokens.count > before else { return false }
            redeem(tokens.count - 1, at: servers[target], newest: true)
            run(for: 7_200_000) { isAtRest }
            let machine = source.tables.find(tokens[before].handover, SourceHandover.self)
            awaitPermission(of: host, after: machine)
            return machine?.phase == .settled
        }
    }

    /// An agent that has adopted too much in a short time says in how many minutes the offer may come again. Where a clock was
    /// ahead meanwhile, these are at most the minutes of two windows.
    private func awaitPermission(of host: Host, after machine: SourceHandover?) {
        guard machine?.ending?.contains(OfferCode.tooManyAdoptions.code) == true else { return }
        run(for: 2 * host.file.policy.adoptionWindow.wholeMilliseconds)
    }

    private func isExpectedToEnd(_ machine: some Machine) -> Bool { machine.isOpen && !isLost(machine) }

    /// Its agent has to be enrolled again: nobody will ever say how it ended.
    private func isLost(_ machine: some Machine) -> Bool {
        guard let agent = agent(of: machine.claims.agent.instanceUID) else { return false }
        return hosts(of: agent).allSatisfy(\.isOutdated)
    }

    /// Brings the last host of an agent back that is where another of its states was taken from: its operators hand it over
    /// to where it looks for its server, and revoke the rows that no host is behind.
    func bringHome() {
        for agent in agents where truth.copied.contains(agent) {
            guard let host = hosts(of: agent).first, !host.isOutdated,
                let leaf = host.disk.active.settings.leaf?.leaf,
                let wanted = server(at: host.disk.active.settings.endpoint)
            else { continue }
            let uid = Places.shared.births[agent].uid
            let owners = owners(of: uid)
            if !hasLostData, owners.contains(where: { $0 === wanted }) {
                for owner in owners where owner !== wanted { owner.revoke { $0.instanceUID == uid } }
            }
            guard let owner = owners.first(where: { $0 === wanted }) ?? owners.first else { continue }
            // Its present server knows another state's leaf: no handover of the row can be for this one.
            let row = owner.tables.rows.first { $0.instanceUID == uid && $0.presence.isHere }
            let isHonoured = row?.honours(leaf.fingerprint, at: owner.wall) ?? true
            if let known = row?.fingerprint, known != leaf.fingerprint, wanted !== owner || !isHonoured {
                truth.newestLeaf[agent] = known
                continue
            }
            guard wanted !== owner else { continue }
            note("agent \(agent) is handed over to where its last host is")
            tally.count("agents brought home")
            _ = hasMoved(host, from: owner, to: wanted.index)
        }
    }

    /// Ends handovers that wait for a host that has gone, whose agent has another one: only a revocation does.
    func endAbandoned() {
        for agent in agents where truth.copied.contains(agent) {
            let uid = Places.shared.births[agent].uid
            let isAwaited = servers.contains { server in
                server.tables.targets.contains { $0.claims.agent.instanceUID == uid && $0.isOpen }
            }
            guard isAwaited else { continue }
            for server in servers { server.revoke { $0.instanceUID == uid } }
            truth.revoked.insert(agent)
        }
    }

    /// An agent that lists no handovers is never told of new token signers.
    private func canLearnSigners(_ host: Host, of server: Server) -> Bool {
        !host.isTerse || server.tables.keys.keys.count == 1
    }

    /// Its server's clock may have been ahead when it was issued.
    private func letLeafBegin(of host: Host, at server: Server) {
        guard let leaf = host.disk.active.settings.leaf?.leaf, leaf.notBefore > server.wall else { return }
        run(for: (leaf.notBefore - server.wall).wholeMilliseconds + 1000)
    }

    /// The servers that show the agent as theirs.
    private func owners(of uid: InstanceUID) -> [Server] {
        servers.filter { server in
            server.tables.rows.contains {
                $0.instanceUID == uid && $0.presence.isHere && $0.presence != .arriving && !$0.leafRevoked
            }
        }
    }

    private func checkClosed(_ machine: some Machine, at server: Server) {
        check(
            .T10, !isExpectedToEnd(machine),
            "\(machine.id.short) is still \(machine.phaseName) at \(server.place.name)")
    }

    /// T10, T5: exactly one server has the agent, and there it is.
    private func checkOneHome(_ agent: Int) {
        guard let host = hosts(of: agent).first, !host.isOutdated else {
            return tally.count("agents to be enrolled again")
        }
        let uid = Places.shared.births[agent].uid
        let owners = owners(of: uid)
        check(.T10, owners.count == 1, "agent \(agent) is shown by \(owners.map(\.place.name))")
        guard case .online(let line)? = host.agent?.phase, let owner = owners.first else {
            return fail(.T10, "agent \(agent) is not online but \(host.agent.map { "\($0.phase)" } ?? "down")")
        }
        check(
            .T10, server(at: line.endpoint) === owner,
            "agent \(agent) is at \(line.endpoint.host) and shown by \(owner.place.name)")
        let row = owner.tables.rows.first { $0.instanceUID == uid && $0.presence.isHere }
        check(.T5, row?.presence == .live, "agent \(agent) is not live where it is")
        let leaf = host.disk.active.settings.leaf?.leaf
        check(
            .T3, row?.leaf == leaf || row?.pendingLeaf == leaf,
            "agent \(agent) has another leaf than \(owner.place.name) knows")
        let sessions = servers.flatMap(\.sessions).filter { $0.line.host == host.index }
        check(.T10, sessions.count == 1, "agent \(agent) has \(sessions.count) sessions")
    }

    /// T8: both histories, and both audit trails, tell of the same end.
    private func checkHistories(_ source: SourceHandover, at server: Server) {
        guard let peer = servers.first(where: { $0.place.id == source.claims.audience }) else { return }
        let target = peer.tables.find(source.id, TargetHandover.self)
        tally.count("ended \(source.phase.rawValue)")
        let agrees: Bool =
            switch (source.phase, target?.phase) {
            case (.settled, .settled): true
            case (.settled, _): false
            case (.expired, .lapsed), (.expired, .withdrawn), (.expired, nil): true
            case (.cancelled, .lapsed), (.cancelled, .withdrawn), (.cancelled, nil): true
            case (.returned, .lapsed), (.returned, .withdrawn): true
            default: false
            }
        check(
            .T8, agrees,
            "\(source.id.short) ended \(source.phase) at \(server.place.name) and "
                + "\(target.map { "\($0.phase)" } ?? "nowhere") at \(peer.place.name)")
        for (tables, phase) in [(server.tables, source.phase.rawValue), (peer.tables, target?.phase.rawValue)] {
            let last = tables.audit.last { entry in
                entry.handover == source.id && entry.fact.after != nil && entry.fact.before != nil
            }
            check(.T8, phase == nil || last?.fact.after == phase, "the audit of \(source.id.short) ends otherwise")
        }
    }

    /// T9: no token in what people read.
    private func checkNoSecrets() {
        let texts = servers.flatMap(\.tables.audit).map(\.fact.additional.description)
        check(.T9, !texts.contains { $0.contains("opamp-ho.") }, "a token is in the audit")
    }
}
