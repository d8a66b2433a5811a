import AgentCore
import Certificates
import HandoverToken
import ServerCore
import Vocabulary

// What must be true once the world has healed and time has passed.
extension World {
    var isAtRest: Bool {
        servers.allSatisfy { server in
            server.isUp && server.tables.outbox.isEmpty && !server.tables.sources.contains(where: \.isOpen)
                && !server.tables.targets.contains(where: \.isOpen)
        }
            && hosts.allSatisfy { host in
                guard case .online? = host.agent?.phase else { return false }
                return host.agent?.state.candidate == nil && host.agent?.state.probation == nil
            }
    }

    func checkRest() {
        guard violation == nil else { return }
        for server in servers {
            check(.T10, server.tables.outbox.isEmpty, "\(server.place.name) has not got rid of its letters")
        }
        guard !hasLostData else { return checkIssues() }
        for server in servers {
            for machine in server.tables.sources { checkClosed(machine, at: server) }
            for machine in server.tables.targets { checkClosed(machine, at: server) }
        }
        for host in hosts { checkOneHome(host) }
        for server in servers { for source in server.tables.sources { checkHistories(source, at: server) } }
        checkNoSecrets()
    }

    /// T4 after a loss of data: whatever epochs were forgotten, an agent that is where it is shown can be handed over.
    private func checkIssues() {
        for host in hosts {
            guard let owner = home(of: host) else { continue }
            tally.count("agents at home after a loss")
            let target = servers.indices.first { $0 != owner.index } ?? 0
            let canMove = (0..<4).contains { _ in hasMoved(host, from: owner, to: target) }
            check(.T4, canMove, "agent \(host.index) cannot be handed over by \(owner.place.name) any more")
        }
    }

    /// The one server that shows the agent, when it is there and nothing of it is open anywhere.
    func home(of host: Host) -> Server? {
        let birth = Places.shared.births[host.index]
        let owners = servers.filter { $0.tables.rows.contains { $0.instanceUID == birth.uid && $0.presence.isHere } }
        guard owners.count == 1, let owner = owners.first, case .online(let line)? = host.agent?.phase,
            line.endpoint == owner.place.endpoint
        else { return nil }
        let isOpen = servers.contains { server in
            server.tables.sources.contains { $0.claims.leaf == birth.leaf.fingerprint && $0.isOpen }
                || server.tables.targets.contains { $0.claims.leaf == birth.leaf.fingerprint && $0.isOpen }
        }
        return isOpen ? nil : owner
    }

    /// Hands the agent over as two operators do.
    func hasMoved(_ host: Host, from source: Server, to target: Int) -> Bool {
        let before = tokens.count
        issue(host.index, from: source, to: target, probation: 60)
        guard tokens.count > before else { return false }
        redeem(tokens.count - 1, at: servers[target], newest: true)
        run(for: 7_200_000) { isAtRest }
        return source.tables.find(tokens[before].handover, SourceHandover.self)?.phase == .settled
    }

    private func checkClosed(_ machine: some Machine, at server: Server) {
        check(
            .T10, !machine.isOpen,
            "\(machine.id.short) is still \(machine.phaseName) at \(server.place.name)")
    }

    /// T10, T5: exactly one server has the agent, and there it is.
    private func checkOneHome(_ host: Host) {
        let uid = Places.shared.births[host.index].uid
        let owners = servers.filter { $0.tables.rows.contains { $0.instanceUID == uid && $0.presence.isHere } }
        check(.T10, owners.count == 1, "agent \(host.index) is shown by \(owners.map(\.place.name))")
        guard case .online(let line)? = host.agent?.phase, let owner = owners.first else {
            return fail(.T10, "agent \(host.index) is not online but \(host.agent.map { "\($0.phase)" } ?? "down")")
        }
        check(
            .T10, line.endpoint == owner.place.endpoint,
            "agent \(host.index) is at \(line.endpoint.host) and shown by \(owner.place.name)")
        check(
            .T5, owner.tables.rows.contains { $0.instanceUID == uid && $0.presence == .live },
            "agent \(host.index) is not live where it is")
        let sessions = servers.flatMap(\.sessions).filter { $0.line.host == host.index }
        check(.T10, sessions.count == 1, "agent \(host.index) has \(sessions.count) sessions")
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
