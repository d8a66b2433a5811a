import AgentCore
import Certificates
import OpAMPProto
import ServerCore
import Vocabulary

// Several hosts with one state directory, leaves, and CA keys.
extension World {
    /// A second host starts with what the disk of a first one holds.
    func copyHost() {
        let original = anyHost
        guard !original.isGone, hosts(of: original.agentNumber).count == 1 else { return }
        let copy = Host(hosts.count, copying: original)
        network.addHost()
        hosts.append(copy)
        note("host \(copy.index) starts with a copy of host \(original.index)")
        tally.count("hosts copied")
        truth.copied.insert(original.agentNumber)
        copy.start()
    }

    /// One of several hosts goes, so that one is left.
    func removeHost() {
        let doubles = agents.filter { hosts(of: $0).count > 1 }
        guard !doubles.isEmpty else { return }
        dice.pick(hosts(of: dice.pick(doubles))).goAway()
    }

    /// At the end one host of each agent is left; before that some run side by side, which their server has to notice.
    func leaveOneHost() {
        let doubles = agents.filter { hosts(of: $0).count > 1 }
        guard !doubles.isEmpty else { return }
        if dice.chance(permille: 500) {
            run(for: 900_000)
            for agent in doubles { checkCopies(of: agent) }
        }
        for agent in doubles {
            while hosts(of: agent).count > 1 { dice.pick(hosts(of: agent)).goAway() }
        }
    }

    /// Two hosts that have taken turns at one server for a quarter of an hour are known as copies.
    private func checkCopies(of agent: Int) {
        guard violation == nil else { return }
        let servers = Set(hosts(of: agent).map { server(at: $0.disk.active.settings.endpoint)?.index })
        guard servers.count == 1, let index = servers.first.flatMap(\.self),
            !hosts(of: agent).contains(where: \.isOutdated)
        else { return }
        // Who is not let in takes nobody's place.
        guard hosts(of: agent).allSatisfy({ isMember($0, of: self.servers[index]) }) else { return }
        tally.count("copies side by side")
        let uid = Places.shared.births[agent].uid
        let rows = self.servers[index].tables.rows.filter { $0.instanceUID == uid }.map(\.id.description)
        let isKnown = self.servers[index].tables.audit.contains { entry in
            entry.fact.action == .copyDetected && rows.contains(entry.fact.entityID)
        }
        check(.T11, isKnown, "\(self.servers[index].place.name) has not noticed two hosts of agent \(agent)")
    }

    private func isMember(_ host: Host, of server: Server) -> Bool {
        guard let leaf = host.disk.active.settings.leaf?.leaf else { return false }
        if case .agent = server.decision(on: leaf) { return true }
        return false
    }

    /// Hosts that have to be enrolled again do nothing but dial.
    func switchOffOutdated() {
        for host in hosts where host.isOutdated && !host.isGone { host.goAway() }
    }

    func issued(_ leaf: Certificate, to session: Session) {
        tally.count("leaves issued")
        truth.leaves[leaf.fingerprint] = hosts[session.line.host].agentNumber
    }

    /// The next thing that operators do who replace a CA key: draft, activate, renew the leaves of the old one, wait, retire.
    func advanceRotation() {
        let server = anyServer
        let states = server.tables.keys.keys.map(\.state)
        if states.contains(.draft) { return server.activateKey() }
        guard states.contains(.trusted) else { return server.draftKey() }
        for host in hosts where self.server(at: host.disk.active.settings.endpoint) === server { host.renew() }
        run(for: 300_000)
        letMonthPass()
        server.retireKey()
    }

    /// So long that a replaced CA key may be retired.
    func letMonthPass() {
        guard servers.contains(where: { $0.tables.keys.keys.contains { $0.state == .trusted } }) else { return }
        // Two hosts of one agent would throw each other out all month, and nothing else would happen.
        guard agents.allSatisfy({ hosts(of: $0).count < 2 }) else { return }
        switchOffOutdated()
        note("a month passes")
        tally.count("months")
        runQuietly(for: 31 * 86_400_000)
    }

    /// A host is switched off for days, as over a weekend: the last day of a previous leaf and every deadline pass without
    /// it.
    func letWeekendPass() {
        let host = anyHost
        guard host.isUp, agents.allSatisfy({ hosts(of: $0).count < 2 }) else { return }
        tally.count("hosts off for days")
        let absence = dice.milliseconds(86_400_000...3 * 86_400_000)
        host.crash(for: absence)
        runQuietly(for: absence)
    }

    private func runQuietly(for milliseconds: Int64) {
        isQuiet = true
        run(for: milliseconds)
        isQuiet = false
        for host in hosts { host.speakSoon() }
    }
}

extension Host {
    /// Its leaf was revoked, or has been replaced without its knowing, or its state is older than the CA of its server: it
    /// has to be enrolled again.
    var isOutdated: Bool {
        world.truth.revoked.contains(agentNumber)
            || world.truth.newestLeaf[agentNumber].map { disk.active.settings.leaf?.leaf.fingerprint != $0 } ?? false
            || isOlderThanCA
    }

    /// An image of the host knows only CAs that its servers have retired. Who is connected to its server is told of new ones.
    private var isOlderThanCA: Bool {
        isUntold
            && [disk.active, disk.previous, disk.candidate?.server].compactMap(\.?.settings).allSatisfy { settings in
                world.server(at: settings.endpoint).map { !$0.isTrusted(by: settings) } ?? true
            }
    }
}

extension Tables {
    /// As the product's shell audits that a second host was refused.
    mutating func noteCopy(_ decision: LeafAcceptance.Decision, at now: Timestamp) {
        guard case .refused(.clone(let leaf, let id)) = decision else { return }
        edit(id) { $0.copyDetectedAt = now }
        audit.append(
            .init(
                fact: AuditFact(
                    .copyDetected, entityType: "agent", entityID: id.description, after: "refused",
                    additional: .members(["fingerprint": .string(leaf.description)])), handover: nil, at: now))
    }
}
