import Certificates
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// What a host program changes while it runs.
@Suite struct HostReportTests {
    let all = Authorities.shared
    let components = ["receiver": ComponentDetails(subComponentMap: ["otlp": ComponentDetails()])]

    private func world(_ change: (inout AgentConfiguration) -> Void = { _ in }) throws -> World {
        var world = World(try all.configuration(change))
        world.start()
        return world
    }

    private func report(_ world: World, _ change: (inout OwnReport) -> Void) -> AgentEvent {
        var report = world.agent.report
        change(&report)
        return .reportChanged(report)
    }

    @Test func `C29 components go as a hash, and whole when the server asks`() throws {
        let available = try AvailableComponents(components)
        var world = try world { $0.report.availableComponents = available }
        let first = world.source.received[0]
        #expect(first.capabilities.contains(.reportsAvailableComponents))
        #expect(first.availableComponents == AvailableComponents(hash: available.hash))
        world.say(ServerToAgent(flags: .reportAvailableComponents))
        #expect(world.source.received.last?.availableComponents == available)
        world.advance(.seconds(2))
        world.say(ServerToAgent(flags: .reportFullState))
        #expect(world.source.received.last?.availableComponents == AvailableComponents(hash: available.hash))
        world.offer(try all.handover())
        #expect(world.target.received[0].availableComponents == AvailableComponents(hash: available.hash))
    }

    @Test func `C29 other components are another hash, and the same ones are not said again`() throws {
        let available = try AvailableComponents(components)
        var world = try world()
        world.say(ServerToAgent(flags: .reportAvailableComponents))
        #expect(world.source.received.allSatisfy { $0.availableComponents == nil })
        #expect(!world.source.received[0].capabilities.contains(.reportsAvailableComponents))
        world.run(report(world) { $0.availableComponents = available })
        #expect(world.source.received.last?.availableComponents?.hash == available.hash)
        #expect(world.source.received.last?.capabilities.contains(.reportsAvailableComponents) == true)
        let count = world.source.received.count
        world.run(report(world) { $0.availableComponents = try? AvailableComponents(components) })
        #expect(world.source.received.count == count)
        world.run(report(world) { $0.availableComponents = nil })
        #expect(world.source.received.last?.capabilities.contains(.reportsAvailableComponents) == false)
        #expect(try AvailableComponents([:]).hash != available.hash)
    }

    @Test func `C26 only what has changed is reported`() throws {
        var world = try world()
        world.run(report(world) { $0.health = ComponentHealth(healthy: false) })
        #expect(world.source.received.last?.summary == "health")
        world.run(report(world) { $0.customCapabilities = ["com.example.a"] })
        #expect(world.source.received.last?.summary == "custom")
    }

    @Test func `C25 other capabilities are said at once, with what the server has missed without them`() throws {
        var world = try world { $0.capabilities.remove(.reportsHealth) }
        #expect(world.source.received[0].health == nil)
        world.run(.capabilitiesChanged(.handoverDefault.union(.acceptsRestartCommand)))
        let last = try #require(world.source.received.last)
        #expect(last.capabilities == .handoverDefault.union(.acceptsRestartCommand) && last.summary == "health")
        let count = world.source.received.count
        world.run(.capabilitiesChanged(.handoverDefault.union(.acceptsRestartCommand)))
        #expect(world.source.received.count == count)
        world.run(.capabilitiesChanged([]))
        #expect(world.source.received.last?.capabilities == .reportsStatus)
        #expect(world.timers[.heartbeat] == nil)
    }

    @Test func `capabilities that change while there is no connection are in the next report`() throws {
        var world = try world()
        world.breakLine()
        world.run(.capabilitiesChanged(.handoverDefault.union(.acceptsRestartCommand)))
        world.advance(.seconds(2))
        #expect(world.source.received.last?.capabilities.contains(.acceptsRestartCommand) == true)
    }

    @Test func `C34 a restart that is not accepted is said in the log`() throws {
        var world = try world()
        world.say(ServerToAgent(command: ServerToAgentCommand(type: .restart)))
        #expect(world.logged(.ignoredMessage)?["reason"] == "a restart command is not accepted")
    }

    // MARK: Custom messages

    private let message = CustomMessage(capability: "com.example.a", type: "ask", data: [1])

    private func delivered(_ world: World) -> [CustomMessage] {
        world.directives.compactMap { if case .deliver(let message) = $0 { message } else { nil } }
    }

    @Test func `C61 a message of the host goes only to a server that lists its capability`() throws {
        var world = try world { $0.report.customCapabilities = ["com.example.a"] }
        #expect(world.agent.refusal(of: message) == .notListedByServer)
        world.run(.customMessage(message))
        #expect(!world.source.received.contains { $0.customMessage == message })
        world.source.customCapabilities.append("com.example.a")
        world.breakLine()
        #expect(world.agent.refusal(of: message) == .notConnected)
        world.advance(.seconds(2))
        #expect(world.agent.refusal(of: message) == nil)
        world.run(.customMessage(message))
        #expect(world.source.received.last?.customMessage == message)
        #expect(world.agent.refusal(of: CustomMessage(capability: "com.example.b")) == .notOwnCapability)
        #expect(world.agent.refusal(of: CustomMessage(capability: MoveMessage.capability)) == .notOwnCapability)
    }

    @Test func `over HTTP a message waits for the answer before it, and one only`() throws {
        var world = World(
            try all.configuration(at: all.source.http) { $0.report.customCapabilities = ["com.example.a"] })
        world.source.customCapabilities.append("com.example.a")
        world.start()
        world.source.behaviour = [.silent]
        world.line?.behaviour = .silent
        world.run(report(world) { $0.health = ComponentHealth(healthy: false) })
        world.run(.customMessage(message))
        #expect(world.agent.refusal(of: message) == .oneIsWaiting)
        #expect(world.source.received.last?.customMessage == nil)
        world.say(ServerToAgent())
        #expect(world.source.received.last?.customMessage == message)
        #expect(world.agent.refusal(of: message) == nil)
    }

    @Test func `the host gets messages of its own capabilities, and not more than the meter lets through`() throws {
        var world = try world { $0.report.customCapabilities = ["com.example.a"] }
        world.say(ServerToAgent(customMessage: CustomMessage(capability: "com.example.b")))
        #expect(delivered(world).isEmpty)
        for _ in 0..<30 { world.say(ServerToAgent(customMessage: message)) }
        #expect(delivered(world) == Array(repeating: message, count: 10))
        #expect(world.agent.droppedWork.messages == 20)
    }
}
