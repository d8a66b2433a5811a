import Certificates
import HandoverToken
import ServerCore
import Vocabulary

// What operators do.
extension World {
    func issue() {
        let agent = dice.below(agents.count)
        let uid = Places.shared.births[agent].uid
        let owners = servers.filter { server in
            server.isUp && server.tables.rows.contains { $0.instanceUID == uid && $0.presence.isHere }
        }
        guard !owners.isEmpty else { return }
        let source = dice.pick(owners)
        issue(agent, from: source, to: dice.pick(servers.indices.filter { $0 != source.index }))
    }

    /// What operators ask for, from one end of the range to the other.
    private static let lifetimes = [60, 300, 3600, 86_400]
    private static let probations = [0, 1, 30, 60, 300, 3600, 86_400]
    private static let verifications = [31, 60, 300]
    private static let arrivals = [1, 60, 3600, 86_400]

    func issue(_ agent: Int, from source: Server, to target: Int, probation: Int? = nil) {
        let uid = Places.shared.births[agent].uid
        guard var row = source.tables.rows.first(where: { $0.instanceUID == uid && $0.presence.isHere }) else { return }
        if broken == .repeatedEpoch, row.epoch > 0 { row.epoch -= 1 }
        let departures = source.tables.sources.filter { $0.agent == row.id }
        let arrivals = source.tables.targets.filter { $0.agentRow == row.id }
        let open =
            departures.first(where: \.isOpen).map { ($0.id, $0.phaseName) }
            ?? arrivals.first(where: \.isOpen).map { ($0.id, $0.phaseName) }
        let preconditions = HandoverIssue(
            agent: row, peer: source.record(of: target), open: open, server: source.place.id,
            serverName: source.place.name,
            agentCAs: source.authorities + arrivals.flatMap(\.claims.source.agentCAs.certificates),
            timeToLive: .seconds(dice.pick(Self.lifetimes)),
            probation: .seconds(probation ?? dice.pick(Self.probations)), laterThan: staleEpochs[uid] ?? 0)
        do throws(any Error) {
            let claims = try preconditions.claims(id: dice.identity(), at: source.wall)
            let text = try source.active.issuer.sign(claims)
            let step = SourceHandover.issue(
                claims, tokenDigest: Digest.sha256(Array(text.utf8)), certificate: .repeat,
                verification: .seconds(dice.pick(Self.verifications)))
            try source.save(step, before: nil)
            source.carryOut(step.directives, of: step.state)
            tokens.append(PastedToken(text: text, handover: claims.id, uid: uid, target: target))
            note("\(source.place.name) issues \(claims.id.short) for agent \(agent) to \(servers[target].place.name)")
        } catch {
            note("\(source.place.name) issues no token for agent \(agent): \(error)")
            tally.count("issues refused")
        }
    }

    func redeem(newest: Bool = false) {
        guard !tokens.isEmpty else { return }
        let isNewest = newest || dice.chance(permille: 850)
        let number = isNewest ? tokens.count - 1 : dice.below(tokens.count)
        redeem(number, at: dice.chance(permille: 50) ? anyServer : servers[tokens[number].target])
    }

    /// - Parameter newest: nothing of chance stands in its way.
    func redeem(_ number: Int, at server: Server, newest: Bool = false) {
        guard server.isUp else { return }
        let token = tokens[number]
        do throws(any Error) {
            let verified = try verify(token, at: server)
            tokens[number].verified = verified
            let claims = verified.claims
            guard let source = server.peerIndex(claims.issuer) else { return }
            let isReachable = network[from: server.index, to: source] == .open && servers[source].isUp
            let known = servers[source].tables.find(claims.id, SourceHandover.self)
            let answer: SourceAnswer =
                isReachable
                ? known.map { .phase($0.phase, redemption: $0.redemption) } ?? .refused(code: "handover.unknown")
                : .unanswered
            let review = RedemptionReview(
                claims: claims, peer: server.record(of: source), known: server.tables.find(claims.id),
                rows: server.tables.rows.filter {
                    $0.instanceUID == claims.agent.instanceUID || $0.fingerprint == claims.leaf
                },
                departures: server.tables.sources,
                ownEndpoints: [server.endpoint], listener: server.listenerAuthority.listener, groups: [],
                configurations: [],
                source: answer)
            let redemption = try review.redemption(
                dice.identity(), choice: .init(), newRow: AgentID(version7At: server.wall, random: dice.bytes(10)),
                freshUID: InstanceUID(version7At: server.wall, random: dice.bytes(10)),
                arrivalTime: .seconds(newest ? 3600 : dice.pick(Self.arrivals)), at: server.wall)
            let preview = TargetHandover(previewing: verified)
            tally.reach(.target, preview.phaseName, "redeemRequested")
            let step = try preview.next(after: .redeemRequested(redemption), at: server.wall)
            try server.save(step, before: preview)
            server.carryOut(step.directives, of: step.state)
        } catch {
            if case .staleEpoch(_, let known)? = error as? HandoverRefusal {
                staleEpochs[token.uid] = known
            }
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
            server.record(of: $0).knownSigners
        }
        return try TokenVerifier().verify(token.text, signers: signers, audience: server.place.id, at: server.wall)
    }

    func redeemTwice() {
        redeem()
        redeem(newest: true)
    }

    func push() {
        let server = anyServer
        let machine =
            dice.chance(permille: 800) ? server.tables.sources.last(where: \.isOpen) : server.tables.sources.last
        guard let machine else { return }
        server.tell(.pushRequested, SourceHandover.self, of: machine.id)
    }

    func cancel() {
        let isLate = dice.chance(permille: 200)
        let known = servers.filter { $0.isUp && $0.tables.sources.contains { isLate || $0.isOpen } }
        guard !known.isEmpty else { return }
        let server = dice.pick(known)
        guard let machine = server.tables.sources.last(where: { isLate || $0.isOpen }) else { return }
        server.tell(.cancelRequested(reason: nil), SourceHandover.self, of: machine.id)
    }

    /// The operator who holds the leaf's row revokes it: the agent has to be enrolled again.
    func revoke() {
        guard dice.chance(permille: 250) else { return }
        let server = anyServer
        var rows = server.tables.rows.filter { $0.presence.isHere && !$0.leafRevoked && $0.leaf != nil }
        let going = rows.filter { row in server.tables.sources.contains { $0.agent == row.id && $0.isOpen } }
        if !going.isEmpty { rows = going }
        guard server.isUp, !rows.isEmpty else { return }
        let row = dice.pick(rows)
        note("\(server.place.name) revokes the leaf of \(row.displayName)")
        tally.count("leaves revoked")
        if let agent = agent(of: row.instanceUID) { truth.revoked.insert(agent) }
        server.revoke { $0.id == row.id }
    }

    func withdraw() {
        let isLate = dice.chance(permille: 200)
        let known = servers.filter { $0.isUp && $0.tables.targets.contains { isLate || $0.isOpen } }
        guard !known.isEmpty else { return }
        let server = dice.pick(known)
        guard let machine = server.tables.targets.last(where: { isLate || $0.isOpen }) else { return }
        server.tell(.withdrawRequested(reason: nil), TargetHandover.self, of: machine.id)
    }
}
