import Certificates
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// What a server's messages can cause is bounded, and nothing that it means in the end is lost.
@Suite struct MeterTests {
    let all = Authorities.shared

    private func world(_ change: (inout AgentConfiguration) -> Void = { _ in }) throws -> World {
        var world = World(try all.configuration(change))
        world.start()
        return world
    }

    private func bad(_ number: Int) -> ConnectionSettingsOffers {
        ConnectionSettingsOffers(
            hash: [UInt8(number >> 8), UInt8(number & 0xFF), 1],
            opamp: OpAMPConnectionSettings(destinationEndpoint: "ftp://\(number)"))
    }

    @Test func `a thousand bad offers cost ten saves, and the last one gets its answer`() throws {
        var world = try world()
        let saves = world.saves.count
        for number in 0..<1000 { world.offer(bad(number)) }
        #expect(world.saves.count - saves == 10)
        #expect(world.log.count < 60)
        world.advance(.seconds(5))
        #expect(world.saves.count - saves == 11)
        #expect(world.source.statuses.last?.lastConnectionSettingsHash == bad(999).hash)
        #expect(world.agent.droppedWork.logLines > 900)
        #expect(world.logged(.linesDropped) != nil)
    }

    @Test func `two offers in turn, known or not, cost no more`() throws {
        var world = try world()
        let offers = [1, 2].map {
            ConnectionSettingsOffers(
                hash: [$0], opamp: OpAMPConnectionSettings(heartbeatIntervalSeconds: UInt64($0) + 9))
        }
        let saves = world.saves.count
        for number in 0..<500 { world.offer(offers[number % 2]) }
        #expect(world.saves.count - saves == 10)
        world.advance(.seconds(2))
        #expect(world.disk.active.settings.heartbeat == .seconds(11), "the last one wins")
    }

    @Test func `a configuration whose hash changes with each answer is applied once a second`() throws {
        var world = try world { $0.capabilities.insert(.acceptsRemoteConfig) }
        func applied() -> [[UInt8]] {
            world.directives.compactMap {
                if case .applyRemoteConfig(let config) = $0 { config.configHash } else { nil }
            }
        }
        for number in 0..<200 {
            world.say(ServerToAgent(remoteConfig: AgentRemoteConfig(configHash: [UInt8(number)])))
            if let hash = applied().last { world.run(.remoteConfigApplied(hash: hash)) }
        }
        #expect(applied().count == 10)
        world.advance(.seconds(1))
        #expect(applied().count == 11 && applied().last == [199], "the last one wins")
    }

    @Test func `a configuration that waits ends with its session`() throws {
        var world = try world { $0.capabilities.insert(.acceptsRemoteConfig) }
        func applied() -> [[UInt8]] {
            world.directives.compactMap {
                if case .applyRemoteConfig(let config) = $0 { config.configHash } else { nil }
            }
        }
        for number in UInt8(0)..<30 {
            world.say(ServerToAgent(remoteConfig: AgentRemoteConfig(configHash: [number])))
            if let hash = applied().last { world.run(.remoteConfigApplied(hash: hash)) }
        }
        let before = applied().count
        world.breakLine()
        world.advance(.seconds(60))
        #expect(applied().count == before && world.agent.waitingConfig == nil)
    }

    @Test func `trust statements are checked ten at once`() throws {
        var world = try world()
        for number in 0..<100 {
            world.say(
                ServerToAgent(
                    customMessage: CustomMessage(
                        capability: MoveMessage.capability, type: MoveMessage.statementType, data: [UInt8(number)])))
        }
        #expect(world.agent.droppedWork.messages == 90)
    }

    @Test func `a server that means well is never metered`() throws {
        var world = try world()
        for number in 0..<60 {
            world.offer(
                ConnectionSettingsOffers(
                    hash: [UInt8(number)], opamp: OpAMPConnectionSettings(heartbeatIntervalSeconds: UInt64(number) + 5))
            )
            #expect(world.disk.active.settings.heartbeat == .seconds(Int64(number) + 5))
            world.advance(.seconds(1))
        }
        #expect(world.agent.droppedWork == DroppedWork())
    }
}
