import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// What the agent has said about an offer is what its next process will say, once the disk works again.
@Suite struct StorageTests {
    let all = Authorities.shared

    /// At the target's answer the disk is full; the agent is back at the source and has said so.
    func failedAdoption(landsAnyway: Bool = false) throws -> World {
        var world = World(try all.configuration { $0.server.settings.heartbeat = .seconds(5) })
        world.start()
        world.landsAnyway = landsAnyway
        world.isReadOnlyFor = { $0.active.settings.endpoint.host == "target.example" || $0.candidate == nil }
        world.offer(try all.handover())
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("storage:") == true)
        return world
    }

    /// The next process, within the old deadline, neither dials the target nor changes the verdict.
    func expectItStays(_ world: inout World, _ comment: Comment) throws {
        let dials = world.target.dials.count
        #expect(world.agent.state == world.disk, comment)
        world.restart()
        #expect(world.target.dials.count == dials, comment)
        world.offer(try all.handover())
        world.advance(.seconds(5))
        #expect(world.target.dials.count == dials, comment)
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("storage:") == true, comment)
        #expect(world.disk.active.settings.endpoint == all.source.endpoint, comment)
    }

    @Test(arguments: [false, true])
    func `F24 A7 a verdict that could not be saved is saved as soon as the disk works`(landsAnyway: Bool) throws {
        var byHeartbeat = try failedAdoption(landsAnyway: landsAnyway)
        byHeartbeat.isReadOnlyFor = nil
        byHeartbeat.advance(.seconds(5))
        try expectItStays(&byHeartbeat, "with the next heartbeat")

        var byStop = try failedAdoption(landsAnyway: landsAnyway)
        byStop.isReadOnlyFor = nil
        byStop.run(.stopRequested)
        try expectItStays(&byStop, "with the end of the process")

        var byLine = try failedAdoption(landsAnyway: landsAnyway)
        byLine.isReadOnlyFor = nil
        byLine.breakLine()
        byLine.advance(.seconds(3)) { $0.line != nil }
        try expectItStays(&byLine, "with the next line")
    }

    @Test(arguments: [false, true])
    func `F24 A7 a verdict is saved before it is told, if it can be`(landsAnyway: Bool) throws {
        var world = World(try all.configuration())
        world.start()
        world.landsAnyway = landsAnyway
        world.isReadOnlyFor = { $0.active.settings.endpoint.host == "target.example" }
        world.source.behaviour = [.silent]
        world.offer(try all.handover())
        #expect(world.source.statuses.last?.status == .failed)
        world.source.behaviour = [.works]
        try expectItStays(&world, "although the source never answered")
    }

    @Test func `a disk that stays broken is asked again with every heartbeat and costs nothing else`() throws {
        var world = try failedAdoption()
        let (received, saves) = (world.source.received.count, world.saves.count)
        world.advance(.seconds(50))
        #expect(world.source.received.count == received + 10 && world.saves.count == saves)
        world.isReadOnlyFor = nil
        world.advance(.seconds(50))
        #expect(world.saves.count == saves + 1)
    }
}
