import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

// What breaks, and what strangers do.
extension World {
    func cutSomeLine() {
        if let line = anyHost.line { cut(line) }
    }

    func severHost() {
        let (host, server) = (dice.below(hosts.count), dice.below(servers.count))
        sever(host: host, server: server, as: dice.chance(permille: 500) ? .blackHole : .refusing)
        after(dice.milliseconds(1000...500_000)) { self.network[host: host, server: server] = .open }
    }

    func severServers() {
        let (from, to) = (dice.below(servers.count), dice.below(servers.count))
        let isBoth = dice.chance(permille: 700)
        let way: Network.Way = dice.chance(permille: 500) ? .blackHole : .refusing
        network[from: from, to: to] = way
        if isBoth { network[from: to, to: from] = way }
        after(dice.milliseconds(1000...600_000)) {
            self.network[from: from, to: to] = .open
            self.network[from: to, to: from] = .open
        }
    }

    func breakDisk() {
        let host = anyHost
        host.isDiskBroken = true
        after(dice.milliseconds(100...200_000)) { host.isDiskBroken = false }
    }

    func photograph() {
        let host = anyHost
        host.snapshot = host.disk
    }

    func restoreHost() { anyHost.restore() }

    func setClock() {
        let jump = dice.milliseconds(dice.chance(permille: 850) ? -30_000...30_000 : -7_200_000...7_200_000)
        if dice.chance(permille: 500) {
            anyHost.skew = jump
        } else {
            anyServer.skew = jump
        }
    }

    func forgeNotice() {
        let server = anyServer
        guard server.isUp, let machine = server.tables.sources.last else { return }
        let third = servers.indices.first { servers[$0].place.id != machine.otherParty && $0 != server.index }
        guard let third else { return }
        let before = server.tables
        let notice = HandoverNotice(
            sequence: machine.notices.received + 1, type: .arrived, epoch: machine.claims.epoch, at: server.wall)
        let answer = server.answerNotices([notice], received: 0, of: machine.id, from: servers[third].place.id)
        checkT7(answer, before: before, at: server)
    }

    /// The target claims again, as if it had forgotten that it did.
    func redeemAsRival() {
        guard let token = tokens.last, let verified = token.verified else { return }
        let (target, redemption): (Server, RedemptionID) = (servers[token.target], dice.identity())
        guard target.tables.find(token.handover, TargetHandover.self) != nil else { return }
        guard let source = target.peerIndex(verified.claims.issuer), servers[source].isUp else { return }
        let answer = servers[source].answerClaim(token.handover, redemption, verified.digest, from: target.place.id)
        note("a rival claim for \(token.handover.short): \(answer.map { "\($0)" } ?? "no answer")")
    }

    /// A server says again what it said before.
    func repeatOffer() {
        let server = anyServer
        guard server.isUp, let (row, message) = lastOffers[server.index], let session = server.session(of: row) else {
            return
        }
        note("\(server.place.name) repeats its last offer")
        server.push(message, to: session)
    }

    /// Signed by the right CA, and nobody's that any record names.
    func strangerConnects() {
        let server = anyServer
        guard server.isUp else { return }
        var decision = server.decision(on: Places.shared.strangerLeaf)
        if broken == .anyLeafOfTheSource, let open = server.tables.targets.first(where: { $0.phase.admitsLeaf }),
            let row = open.agentRow
        {
            decision = .arriving(row, open.id)
        }
        checkAdmission(decision, of: Places.shared.strangerLeaf, at: server)
    }

    func backUp() {
        let server = anyServer
        server.backup = server.tables
    }

    func loseData() {
        let known = servers.filter { $0.backup != nil }
        if !known.isEmpty { loseData(of: dice.pick(known)) }
    }

    func loseData(of server: Server) {
        guard let backup = server.backup else { return }
        note("\(server.place.name) is set back to a backup")
        tally.count("servers set back")
        hasLostData = true
        server.crash(for: 1000)
        // The keys are kept elsewhere as well: without them nothing here could be verified any more.
        let (keys, version, peers) = (server.tables.keys, server.tables.trustVersion, server.tables.peers)
        server.tables = backup
        (server.tables.keys, server.tables.trustVersion, server.tables.peers) = (keys, version, peers)
    }
}
