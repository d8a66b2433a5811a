import AgentCore
import DurableFiles
import ScriptedOpAMPServer
import Testing
import Vocabulary

@testable import AgentExtension

/// What a running agent leaves for `opamp-agent status`.
@Suite struct PresenceTests {
    private func presence() throws -> Presence {
        let now = Timestamp(seconds: 1)
        return AgentSnapshot(
            instanceUID: InstanceUID(version7At: now, random: [UInt8](repeating: 1, count: 10)),
            endpoint: try Endpoint("wss://a:1/x"), leaf: nil, contact: .online, isMoving: false, standby: nil,
            dropped: DroppedWork()
        ).presence(at: now)
    }

    @Test func `what a process has said of itself is not believed of another one with its number`() throws {
        var presence = try presence()
        #expect(presence.isCurrent && presence.began != nil)
        presence.began? += 1
        #expect(!presence.isCurrent)
        presence.began = nil
        #expect(presence.isCurrent, "written by an agent that did not say")
        #expect(Presence(json: presence.json) == presence)
    }

    @Test func `T37 what a full disk did not take is written as soon as it takes it`() throws {
        let host = try HostDirectory()
        var file = PresenceFile(directory: host.state)
        var scheduled = 0
        file.note(try presence()) { scheduled += 1 }
        file.write()
        #expect(PresenceFile.read(in: host.state) == nil)
        try PrivateDirectory.prepare(host.state)
        file.note(try presence()) { scheduled += 1 }
        file.write()
        #expect(try PresenceFile.read(in: host.state) == presence())
        file.note(try presence()) { scheduled += 1 }
        #expect(scheduled == 2, "nothing is new, and nothing is left to write")
    }
}
