import AgentCore
import Certificates
import HandoverToken
import ServerCore
import Testing
import Vocabulary

/// A server that was set back to a backup does not know how far its agents have come since.
@Suite struct DataLossTests {
    /// A world of two servers in which nothing breaks by itself.
    private func calmWorld() throws -> World {
        let world = try #require(
            (UInt64(1)...500).lazy.map { World(seed: $0) }.first(where: isPlain))
        world.isCalm = true
        world.hosts[0].start()
        world.run(for: 10_000)
        return world
    }

    /// One agent that knows handovers, and no polls, which take their time.
    private func isPlain(_ world: World) -> Bool {
        guard world.servers.count == 2, world.hosts.count == 1, let host = world.hosts.first, !host.isTerse else {
            return false
        }
        return host.file.server.settings.endpoint.isWebSocket && !world.servers.contains(where: \.isPolling)
            && world.firstLeaves == [Places.shared.births[0].leaf]
    }

    private func hasMoved(_ world: World, from source: Int, to target: Int) -> Bool {
        world.hasMoved(world.hosts[0], from: world.servers[source], to: target)
    }

    @Test(arguments: [false, true])
    func `a server that forgot a journey there and back hands the agent over again`(isQuick: Bool) throws {
        let world = try calmWorld()
        world.servers[0].backup = world.servers[0].tables
        #expect(hasMoved(world, from: 0, to: 1) && hasMoved(world, from: 1, to: 0))
        world.loseData(of: world.servers[0])
        world.run(for: 2000) { world.servers[0].isUp }
        if isQuick {
            // Issued before the agent could say how far it is: it is told when it comes.
            world.issue(0, from: world.servers[0], to: 1, probation: 60)
            let early = try #require(world.servers[0].tables.sources.last)
            #expect(early.claims.epoch == 1)
            world.run(for: 600_000)
            #expect(world.servers[0].tables.find(early.id, SourceHandover.self)?.phase == .cancelled)
        } else {
            world.run(for: 600_000)
        }
        #expect(hasMoved(world, from: 0, to: 1), "\(world.violation?.description ?? "the agent stayed")")
    }

    @Test func `a notice that the peer has forgotten all about does not wait for ever`() throws {
        let world = try calmWorld()
        world.servers[0].backup = world.servers[0].tables
        world.issue(0, from: world.servers[0], to: 1, probation: 60)
        world.redeem(world.tokens.count - 1, at: world.servers[1], newest: true)
        world.run(for: 100_000) { world.servers[1].tables.targets.contains { $0.phase == .arrived } }
        world.loseData(of: world.servers[0])
        world.run(for: 30 * 3_600_000)
        #expect(world.servers.allSatisfy { $0.tables.outbox.isEmpty })
        // To be unknown at the source is no reason to disown the agent.
        #expect(world.servers[1].tables.targets.map(\.phase) == [.settled])
        #expect(world.home(of: world.hosts[0]) == nil && world.servers[1].sessions.count == 1)
    }
}
