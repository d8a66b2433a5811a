import Certificates
import HandoverToken
import PeerCore
import Vocabulary

/// One seed's life: trouble, then healing, then the question whether all is well.
struct Schedule {
    let world: World

    init(seed: UInt64, broken: BrokenRule? = nil, isTracing: Bool = false) {
        world = World(seed: seed, broken: broken, isTracing: isTracing)
    }

    func run() {
        for host in world.hosts { host.start() }
        world.run(for: 2000)
        for _ in 0..<(12 + world.dice.below(40)) {
            guard world.violation == nil else { return }
            world.whim()
            world.run(for: pause())
        }
        heal()
        world.run(for: 3 * 3_600_000) { world.isAtRest }
        // What nobody ended ends with the deadline of an arrival.
        if !world.isAtRest { world.run(for: 30 * 3_600_000) { world.isAtRest } }
        // At rest is not enough: it has to stay so.
        world.run(for: 900_000)
        world.checkRest()
    }

    private func pause() -> Int64 {
        switch world.dice.below(10) {
        case 0...4: world.dice.milliseconds(1...2000)
        case 5...7: world.dice.milliseconds(100...30_000)
        case 8: world.dice.milliseconds(10_000...100_000)
        default: world.dice.milliseconds(100_000...400_000)
        }
    }

    private func heal() {
        world.note("the world heals")
        world.isCalm = true
        world.network.heal()
        for host in world.hosts {
            host.isDiskBroken = false
            host.skew = 0
            host.start()
        }
        for server in world.servers {
            server.skew = 0
            if !server.isUp { server.start() }
        }
    }
}

extension World {
    private static let whims: [(weight: Int, act: @Sendable (World) -> Void)] = [
        (16, { $0.issue() }), (18, { $0.redeem() }), (3, { world in world.redeem(); world.redeem(newest: true) }),
        (4, { $0.push() }), (3, { $0.cancel() }), (2, { $0.withdraw() }),
        (5, { world in world.hosts[world.dice.below(world.hosts.count)].crash(for: world.dice.milliseconds(100...90_000)) }),
        (5, { world in world.anyServer.crash(for: world.dice.milliseconds(100...60_000)) }),
        (2, { world in world.anyServer.crash(for: world.dice.milliseconds(300_000...1_200_000)) }),
        (5, { $0.cutSomeLine() }), (5, { $0.severHost() }), (5, { $0.severServers() }),
        (3, { $0.breakDisk() }), (3, { $0.photograph() }), (2, { $0.restoreHost() }), (3, { $0.setClock() }),
        (2, { $0.forgeNotice() }), (2, { $0.claimAsRival() }), (3, { $0.repeatOffer() }), (2, { $0.strangerKnocks() }), (1, { $0.backUp() }), (1, { $0.loseData() }),
        (10, { _ in }),
    ]
    private static let weight = whims.map(\.weight).reduce(0, +)

    /// Somebody does something, or something breaks.
    func whim() {
        var draw = dice.below(Self.weight)
        for whim in Self.whims {
            draw -= whim.weight
            if draw < 0 { return whim.act(self) }
        }
    }

    var anyServer: Server { servers[dice.below(servers.count)] }

    // MARK: Operators

    private func issue() {
        let host = dice.below(hosts.count)
        let uid = Places.shared.births[host].uid
        let owners = servers.filter { $0.isUp && $0.tables.rows.contains { $0.instanceUID == uid && $0.presence.isHere } }
        guard !owners.isEmpty else { return }
        let source = dice.pick(owners)
        let target = dice.pick(servers.indices.filter { $0 != source.index })
        guard var row = source.tables.rows.first(where: { $0.instanceUID == uid && $0.presence.isHere }) else { return }
        if broken == .repeatedEpoch, row.epoch > 0 { row.epoch -= 1 }
        let departures = source.tables.sources.filter { $0.agent == row.id }
        let arrivals = source.tables.targets.filter { $0.agentRow == row.id }
        let open = departures.first(where: \.isOpen).map { ($0.id, $0.phaseName) }
            ?? arrivals.first(where: \.isOpen).map { ($0.id, $0.phaseName) }
        let preconditions = HandoverIssue(
            agent: row, peer: Places.shared.record(of: target), open: open, server: source.place.id,
            serverName: source.place.name,
            agentCAs: [source.place.authority] + arrivals.flatMap(\.claims.source.agentCAs.certificates),
            timeToLive: .seconds(dice.pick([60, 300, 3600])), probation: .seconds(dice.pick([30, 60, 300])))
        do throws(any Error) {
            let claims = try preconditions.claims(id: dice.identity(), at: source.wall)
            let text = try source.place.signer.sign(claims)
            let step = SourceHandover.issue(claims, tokenDigest: Digest.sha256(Array(text.utf8)), certificate: .repeat)
            try source.save(step, before: nil)
            source.carryOut(step.directives, of: step.state)
            tokens.append(PastedToken(text: text, handover: claims.id, target: target))
            note("\(source.place.name) issues \(claims.id.short) for agent \(host) to \(servers[target].place.name)")
        } catch { tally.count("issues refused") }
    }

    private func redeem(newest: Bool = false) {
        guard !tokens.isEmpty else { return }
        let isNewest = newest || dice.chance(permille: 850)
        let number = isNewest ? tokens.count - 1 : dice.below(tokens.count)
        let token = tokens[number]
        let server = dice.chance(permille: 50) ? anyServer : servers[token.target]
        guard server.isUp else { return }
        do throws(any Error) {
            let verified = try verify(token, at: server)
            tokens[number].verified = verified
            let claims = verified.claims
            guard let source = server.peerIndex(claims.issuer) else { return }
            let isReachable = network[from: server.index, to: source] == .open && servers[source].isUp
            let review = RedemptionReview(
                claims: claims, peer: Places.shared.record(of: source), known: server.tables.find(claims.id),
                namesakes: server.tables.rows.filter {
                    $0.instanceUID == claims.agent.instanceUID || $0.fingerprint == claims.leaf
                },
                ownEndpoints: [server.place.endpoint], listener: server.place.listener, groups: [], configurations: [],
                sourceReachable: isReachable)
            let redemption = try review.redemption(
                dice.identity(), choice: .init(), newRow: AgentID(version7At: server.wall, random: dice.bytes(10)),
                at: server.wall)
            let preview = TargetHandover(previewing: verified)
            let step = try preview.next(after: .redeemRequested(redemption), at: server.wall)
            try server.save(step, before: preview)
            server.carryOut(step.directives, of: step.state)
        } catch {
            note("\(server.place.name) refuses to redeem \(token.handover.short): \(error)")
            tally.count("redemptions refused")
        }
    }

    private func verify(_ token: PastedToken, at server: Server) throws(TokenRefusal) -> VerifiedToken {
        if let known = token.verified, known.claims.audience == server.place.id {
            let claims = known.claims
            guard server.wall >= claims.notBefore - HandoverClaims.clockSkew else {
                throw .notYetValid(from: claims.notBefore)
            }
            guard server.wall < claims.expiresAt + HandoverClaims.clockSkew else {
                throw .expired(at: claims.expiresAt)
            }
            return known
        }
        let signers = servers.indices.filter { $0 != server.index }.flatMap {
            Places.shared.record(of: $0).knownSigners
        }
        return try TokenVerifier().verify(token.text, signers: signers, audience: server.place.id, at: server.wall)
    }

    private func push() {
        let server = anyServer
        guard let machine = server.tables.sources.last(where: \.isOpen) else { return }
        server.tell(.pushRequested, SourceHandover.self, of: machine.id)
    }

    private func cancel() {
        let open = servers.filter { $0.isUp && $0.tables.sources.contains(where: \.isOpen) }
        guard !open.isEmpty else { return }
        let server = dice.pick(open)
        guard let machine = server.tables.sources.last(where: \.isOpen) else { return }
        server.tell(.cancelRequested(reason: nil), SourceHandover.self, of: machine.id)
    }

    private func withdraw() {
        let open = servers.filter { $0.isUp && $0.tables.targets.contains(where: \.isOpen) }
        guard !open.isEmpty else { return }
        let server = dice.pick(open)
        guard let machine = server.tables.targets.last(where: \.isOpen) else { return }
        server.tell(.withdrawRequested(reason: nil), TargetHandover.self, of: machine.id)
    }

    // MARK: Faults

    private func cutSomeLine() {
        if let line = hosts[dice.below(hosts.count)].line { cut(line) }
    }

    private func severHost() {
        let (host, server) = (dice.below(hosts.count), dice.below(servers.count))
        sever(host: host, server: server, as: dice.chance(permille: 500) ? .blackHole : .refusing)
        after(dice.milliseconds(1000...500_000)) { self.network[host: host, server: server] = .open }
    }

    private func severServers() {
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

    private func breakDisk() {
        let host = hosts[dice.below(hosts.count)]
        host.isDiskBroken = true
        after(dice.milliseconds(100...200_000)) { host.isDiskBroken = false }
    }

    private func photograph() {
        let host = hosts[dice.below(hosts.count)]
        host.snapshot = host.disk
    }

    private func restoreHost() { hosts[dice.below(hosts.count)].restore() }

    private func setClock() {
        let jump = dice.chance(permille: 850) ? dice.milliseconds(-30_000...30_000) : dice.milliseconds(-7_200_000...7_200_000)
        if dice.chance(permille: 500) {
            hosts[dice.below(hosts.count)].skew = jump
        } else {
            anyServer.skew = jump
        }
    }

    private func forgeNotice() {
        let server = anyServer
        guard server.isUp, let machine = server.tables.sources.last else { return }
        let third = servers.indices.first { servers[$0].place.id != machine.otherParty && $0 != server.index }
        guard let third else { return }
        let before = server.tables
        let notice = HandoverNotice(
            sequence: machine.notices.received + 1, type: .arrived, epoch: machine.claims.epoch, at: server.wall)
        checkT7(server.answerLetter(notice, of: machine.id, from: servers[third].place.id), before: before, at: server)
    }

    /// The target claims again, as if it had forgotten that it did.
    private func claimAsRival() {
        guard let token = tokens.last, let verified = token.verified else { return }
        let (target, redemption): (Server, RedemptionID) = (servers[token.target], dice.identity())
        guard target.tables.find(token.handover, TargetHandover.self) != nil else { return }
        guard let source = target.peerIndex(verified.claims.issuer), servers[source].isUp else { return }
        let answer = servers[source].answerClaim(token.handover, redemption, verified.digest, from: target.place.id)
        note("a rival claim for \(token.handover.short): \(answer.map { "\($0)" } ?? "no answer")")
    }

    /// A server says again what it said before.
    private func repeatOffer() {
        let server = anyServer
        guard server.isUp, let (row, message) = lastOffers[server.index], let session = server.session(of: row) else {
            return
        }
        note("\(server.place.name) repeats its last offer")
        server.send(message, over: session)
    }

    /// Signed by the right CA, and nobody's that any record names.
    private func strangerKnocks() {
        let server = anyServer
        guard server.isUp else { return }
        var decision = server.decision(on: Places.shared.strangerLeaf)
        if broken == .anyLeafOfTheSource, let open = server.tables.targets.first(where: { $0.phase.admitsLeaf }) {
            decision = .arriving(open.id)
        }
        checkAdmission(decision, of: Places.shared.strangerLeaf, at: server)
    }

    private func backUp() {
        let server = anyServer
        server.backup = server.tables
    }

    private func loseData() {
        let server = anyServer
        guard let backup = server.backup else { return }
        note("\(server.place.name) is set back to a backup")
        tally.count("servers set back")
        hasLostData = true
        server.crash(for: 1000)
        server.tables = backup
    }
}
