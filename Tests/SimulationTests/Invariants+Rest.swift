import AgentCore
import HandoverToken
import PeerCore
import Vocabulary

// What must be true once the world has healed and time has passed.
extension World {
    var isAtRest: Bool {
        servers.allSatisfy { server in
            server.isUp && server.tables.outbox.isEmpty && !server.tables.sources.contains(where: \.isOpen)
                && !server.tables.targets.contains(where: \.isOpen)
        } && hosts.allSatisfy { host in
            guard case .online? = host.agent?.phase else { return false }
            return host.agent?.state.candidate == nil && host.agent?.state.probation == nil
        }
    }

    func checkRest() {
        guard violation == nil, !hasLostData else { return }
        for server in servers {
            check(.T10, server.tables.outbox.isEmpty, "\(server.place.name) has not got rid of its letters")
            for machine in server.tables.sources { checkClosed(machine, at: server) }
            for machine in server.tables.targets { checkClosed(machine, at: server) }
        }
        for host in hosts { checkOneHome(host) }
        for server in servers { for source in server.tables.sources { checkHistories(source, at: server) } }
        checkNoSecrets()
    }

    private func checkClosed(_ machine: some Machine, at server: Server) {
        check(.T10, !machine.isOpen,
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
        check(.T10, line.endpoint == owner.place.endpoint,
              "agent \(host.index) is at \(line.endpoint.host) and shown by \(owner.place.name)")
        check(.T5, owner.tables.rows.contains { $0.instanceUID == uid && $0.presence == .live },
              "agent \(host.index) is not live where it is")
        let sessions = servers.flatMap(\.sessions).filter { $0.line.host == host.index }
        check(.T10, sessions.count == 1, "agent \(host.index) has \(sessions.count) sessions")
    }

    /// T8: both histories, and both audit trails, tell of the same end.
    private func checkHistories(_ source: SourceHandover, at server: Server) {
        guard let peer = servers.first(where: { $0.place.id == source.claims.audience }) else { return }
        let target = peer.tables.find(source.id, TargetHandover.self)
        tally.count("ended \(source.phase.rawValue)")
        let agrees: Bool = switch (source.phase, target?.phase) {
        case (.settled, .settled): true
        case (.settled, _): false
        case (.expired, .lapsed), (.expired, .withdrawn), (.expired, nil): true
        case (.cancelled, .lapsed), (.cancelled, .withdrawn), (.cancelled, nil): true
        case (.returned, .lapsed), (.returned, .withdrawn): true
        default: false
        }
        check(.T8, agrees, "\(source.id.short) ended \(source.phase) at \(server.place.name) and "
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
