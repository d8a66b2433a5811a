import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

@Suite struct CrashTests {
    let all = Authorities.shared

    /// The agent has a live session with the server its disk names, and nothing half done.
    func isAtExactlyOneServer(_ world: World) -> Bool {
        guard case .online(let line) = world.agent.phase else { return false }
        return line.destination == .active && world.disk.candidate == nil
            && line.endpoint == world.disk.active.settings.endpoint && world.agent.state == world.disk
    }

    @Test(arguments: [
        Behaviour.works, .fails(DialFailure(.tlsUntrusted)), .silent, .blackHole, .closes(code: 1000),
        .closes(code: nil),
    ])
    func `H10 H11 F21 killed after any save, the next process reaches exactly one server`(target: Behaviour) throws {
        for crash in 1...8 {
            var world = World(try all.configuration())
            world.savesUntilCrash = crash
            world.target.behaviour = [target]
            world.start()
            if !world.crashed { world.offer(try all.handover()) }
            world.advance(.seconds(400))
            if world.crashed { world.restart() }
            world.advance(.seconds(31)) { self.isAtExactlyOneServer($0) }
            #expect(isAtExactlyOneServer(world), "crash after save \(crash)")
            if world.disk.verdict != nil {
                let host = target == .works ? "target.example" : "source.example"
                #expect(world.disk.active.settings.endpoint.host == host)
                let wanted: ConnectionSettingsStatuses = target == .works ? .applied : .failed
                #expect(world.servers[host]?.statuses.last?.status == wanted, "H12")
            }
        }
    }

    @Test func `H10 killed during verification, the candidate is tried again`() throws {
        var world = World(try all.configuration())
        world.start()
        world.target.behaviour = [.silent, .works]
        world.offer(try all.handover())
        world.advance(.seconds(3))
        world.restart()
        #expect(world.disk.active.settings.endpoint == all.target.endpoint)
        #expect(world.target.received.last?.connectionSettingsStatus?.status == .applied)
    }

    @Test func `H11 killed after the adoption, the source is not visited again`() throws {
        var world = World(try all.configuration())
        world.start()
        world.offer(try all.handover())
        let dials = world.source.dials.count
        world.restart()
        #expect(world.source.dials.count == dials && isAtExactlyOneServer(world))
        #expect(world.target.received.suffix(2).map(\.summary) == ["description health custom applied", "standing"])
    }

    @Test func `the third restart drops the candidate, and so does a deadline that passed meanwhile`() throws {
        var world = World(try all.configuration())
        world.start()
        world.target.behaviour = [.silent]
        world.offer(try all.handover())
        world.restart()
        world.restart()
        #expect(world.disk.candidate?.attempts == 3)
        world.restart()
        #expect(world.disk.candidate == nil && world.source.statuses.last?.errorMessage.hasPrefix("timeout:") == true)

        var late = World(try all.configuration())
        late.start()
        late.target.behaviour = [.silent]
        late.offer(try all.handover())
        let dials = late.target.dials.count
        late.restart(after: .seconds(31))
        #expect(late.disk.candidate == nil && late.target.dials.count == dials)
    }

    @Test func `F27 a clock set back does not give a candidate more than one deadline`() throws {
        var world = World(try all.configuration())
        world.start()
        world.target.behaviour = [.silent]
        world.offer(try all.handover())
        world.restart(after: .seconds(-86_400))
        world.advance(.seconds(30))
        #expect(world.disk.candidate == nil)
    }

    @Test func `a restart that cannot count its attempt does not make it`() throws {
        var world = World(try all.configuration())
        world.start()
        world.target.behaviour = [.silent]
        world.offer(try all.handover())
        let dials = world.target.dials.count
        world.diskWorks = false
        world.restart()
        #expect(world.target.dials.count == dials)
        #expect(world.source.statuses.last?.errorMessage.hasPrefix("storage:") == true)
    }
}
