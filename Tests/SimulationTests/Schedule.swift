import Certificates
import HandoverToken
import ServerCore
import Vocabulary

/// One seed's life: trouble, then healing, then the question whether all is well.
struct Schedule {
    let world: World
    /// Operators replace CA keys all the time.
    let isRotating: Bool

    init(seed: UInt64, isRotating: Bool = false, broken: BrokenRule? = nil, isTracing: Bool = false) {
        self.isRotating = isRotating
        world = World(seed: seed, broken: broken, isTracing: isTracing)
    }

    func run() {
        for host in world.hosts { host.start() }
        world.run(for: 2000)
        for _ in 0..<(12 + world.dice.below(40)) {
            guard world.violation == nil else { return }
            if isRotating, world.dice.chance(permille: 150) { world.advanceRotation() }
            world.whim()
            world.run(for: pause())
        }
        heal()
        world.leaveOneHost()
        world.run(for: 3 * 3_600_000) { world.isAtRest }
        world.bringHome()
        if !world.isAtRest { world.switchOffOutdated() }
        // What nobody ended ends with the deadline of an arrival, and what a peer has forgotten is told it for another day.
        if !world.isAtRest { world.run(for: 54 * 3_600_000) { world.isAtRest } }
        if !world.isAtRest {
            world.bringHome()
            world.endAbandoned()
        }
        // At rest is not enough: it has to stay so.
        world.run(for: 900_000)
        // A host that was to be enrolled again may have got the present leaf by itself.
        if !world.isAtRest { world.run(for: 54 * 3_600_000) { world.isAtRest } }
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
        (16, { $0.issue() }), (18, { $0.redeem() }), (3, { $0.redeemTwice() }), (4, { $0.push() }),
        (3, { $0.cancel() }), (2, { $0.withdraw() }),
        (5, { $0.anyHost.crash(for: $0.dice.milliseconds(100...90_000)) }),
        (5, { $0.anyHost.restart() }),
        (5, { $0.anyServer.crash(for: $0.dice.milliseconds(100...60_000)) }),
        (2, { $0.anyServer.crash(for: $0.dice.milliseconds(300_000...1_200_000)) }),
        (5, { $0.cutSomeLine() }), (5, { $0.severHost() }), (5, { $0.severServers() }),
        (3, { $0.breakDisk() }), (3, { $0.photograph() }), (2, { $0.restoreHost() }), (3, { $0.setClock() }),
        (2, { $0.forgeNotice() }), (2, { $0.redeemAsRival() }), (3, { $0.repeatOffer() }),
        (2, { $0.strangerConnects() }), (2, { $0.backUp() }), (1, { $0.loseData() }),
        (1, { $0.copyHost() }), (1, { $0.removeHost() }), (3, { $0.anyHost.renew() }),
        (4, { $0.anyHost.changeReport() }),
        (2, { $0.anyServer.draftKey() }), (2, { $0.anyServer.activateKey() }), (1, { $0.letMonthPass() }),
        (1, { $0.letWeekendPass() }), (1, { $0.anyServer.retireKey() }), (1, { $0.revoke() }),
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
    var anyHost: Host { hosts[dice.below(hosts.count)] }
}
