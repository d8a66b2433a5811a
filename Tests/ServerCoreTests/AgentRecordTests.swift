import OpAMPProto
import ServerCore
import Testing
import Vocabulary

@Suite struct AgentRecordTests {
    private func agent(_ configuration: String?, reporting hash: [UInt8]? = nil) -> AgentRecord {
        var agent = AgentRecord(
            id: PeerWorld.shared.row, displayName: "host", instanceUID: PeerWorld.shared.uid, leaf: nil,
            configuration: configuration)
        agent.configurationStatus = hash.map { RemoteConfigStatus(lastRemoteConfigHash: $0, status: .failed) }
        return agent
    }

    @Test func `an agent lacks the configuration that it is to have and has not reported`() {
        #expect(agent("base").lacks(configurationHash: [1]))
        #expect(agent("base", reporting: [2]).lacks(configurationHash: [1]))
        // It had it and could not apply it: the same again would end the same.
        #expect(!agent("base", reporting: [1]).lacks(configurationHash: [1]))
        #expect(!agent(nil).lacks(configurationHash: [1]))
    }
}
