import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// Worlds in which anything may happen at any time; the world itself checks the invariants at every step.
@Suite struct SeededWorldTests {
    let all = Authorities.shared

    static let behaviours: [Behaviour] = [
        .works, .works, .works, .silent, .blackHole, .closes(code: 1000), .closes(code: nil), .nonsense, .namesAnother,
        .namesNobody,
        .fails(DialFailure(.tcp)), .fails(DialFailure(.tlsUntrusted)),
        .fails(DialFailure(.timeout)),
        .fails(DialFailure(.http(status: 503), retryAfter: .seconds(3))),
        .fails(DialFailure(.http(status: 403))),
        .fails(DialFailure(.protocol, closedBeforeAnswer: true)),
        .errors(ServerErrorResponse(type: .unavailable)), .errors(ServerErrorResponse(type: .badRequest)),
        .renames([UInt8](repeating: 8, count: 16)),
    ]

    @Test(arguments: 1...40)
    func `A1 to A8 hold whatever happens, and once the world heals the agent has one server`(seed: Int) throws {
        var chance = SeededRandom(UInt64(seed))
        let endpoint = seed.isMultiple(of: 3) ? all.source.http : all.source.endpoint
        var world = World(try all.configuration(at: endpoint), seed: UInt64(seed))
        let offers = try offers(seed: seed)
        world.start()
        for _ in 0..<120 {
            switch Int.random(in: 0..<14, using: &chance) {
            case 0, 1, 2: if world.line != nil { world.offer(offers.randomElement(using: &chance) ?? offers[0]) }
            case 3:
                for host in world.servers.keys.sorted() {
                    world.servers[host]?.behaviour = [Self.behaviours.randomElement(using: &chance) ?? .works]
                }
            case 4: world.breakLine()
            case 5: world.restart(after: .seconds(Int64.random(in: -100...100, using: &chance)))
            case 6:
                world.diskWorks.toggle()
                world.landsAnyway = .random(using: &chance)
            case 7: world.now = world.now + .seconds(Int64.random(in: -7200...7200, using: &chance))
            case 8: if world.line != nil { world.say(ServerToAgent(flags: .reportFullState)) }
            case 9: world.savesUntilCrash = Int.random(in: 1...3, using: &chance)
            case 10: world.run(.reportChanged(OwnReport(health: ComponentHealth(healthy: .random(using: &chance)))))
            case 11: world.run(.woke(AgentTimer.allCases.randomElement(using: &chance) ?? .retry))
            default: world.advance(.milliseconds(Int64.random(in: 1...100_000, using: &chance)))
            }
            if world.crashed { world.restart() }
        }
        world.diskWorks = true
        for host in world.servers.keys.sorted() { world.servers[host]?.behaviour = [.works] }
        world.savesUntilCrash = nil
        if world.crashed { world.restart() }
        world.breakLine()
        world.advance(.seconds(4000))
        guard case .online(let line) = world.agent.phase else {
            Issue.record("seed \(seed): not online but \(world.agent.phase)")
            return
        }
        #expect(line.endpoint == world.agent.state.active.settings.endpoint && world.agent.state.candidate == nil)
        #expect(world.agent.state == world.disk, "A5, A7: what it says of itself is what it will remember")
        #expect(world.agent.state.failedOffers.count <= AgentState.failedOfferLimit)
    }

    /// Good and bad, to all servers and from all of them.
    private func offers(seed: Int) throws -> [ConnectionSettingsOffers] {
        let places = [all.source, all.target, all.third]
        var offers: [ConnectionSettingsOffers] = []
        for number in 0..<12 {
            let from = places[number % 3]
            let to = places[(number + 1 + number / 6) % 3]
            offers.append(
                try all.handover(
                    from: from, to: to, hash: [UInt8(number + 1)], epoch: Epoch(number + 1), probation: .seconds(60),
                    number: UInt8(number + 1)))
        }
        offers.append(ConnectionSettingsOffers(hash: [50], opamp: OpAMPConnectionSettings(heartbeatIntervalSeconds: 9)))
        offers.append(
            ConnectionSettingsOffers(
                opamp: OpAMPConnectionSettings(
                    heartbeatIntervalSeconds: 9, tls: TLSConnectionSettings(minVersion: "1.3"))))
        offers.append(
            ConnectionSettingsOffers(
                hash: [51],
                opamp: OpAMPConnectionSettings(
                    destinationEndpoint: "ws://evil.example", tls: TLSConnectionSettings(insecureSkipVerify: true))))
        return offers
    }
}
