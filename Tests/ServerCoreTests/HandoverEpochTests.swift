import HandoverToken
import OpAMPProto
import ServerCore
import Testing
import Vocabulary

@Suite struct AgentEpochTests {
    private func message(_ json: String, type: String = "standing") -> AgentToServer {
        var message = AgentToServer(instanceUID: [])
        message.customMessage = CustomMessage(capability: MoveMessage.capability, type: type, data: Array(json.utf8))
        return message
    }

    @Test func `an agent's own word about its handovers is read`() {
        let jti = String(repeating: "c3", count: 16)
        let standing = HandoverEpoch(of: message(#"{"epoch":3,"jti":"\#(jti)"}"#))
        #expect(standing?.epoch == 3 && standing?.handover == HandoverID(jti))
        #expect(HandoverEpoch(of: message(#"{"epoch":0}"#))?.epoch == 0)
    }

    @Test(arguments: ["", "{}", "[]", #"{"epoch":-1}"#, #"{"epoch":"3"}"#, #"{"epoch":3"#])
    func `what is no standing says nothing`(json: String) {
        #expect(HandoverEpoch(of: message(json)) == nil)
        #expect(HandoverEpoch(of: message(#"{"epoch":3}"#, type: "other")) == nil)
    }

    @Test func `only an agent that stands behind a handover is led on by it`() throws {
        let moved = try HandoverStages().source(.settled)
        let epoch = moved.claims.epoch
        #expect(moved.leadsOn(HandoverEpoch(of: message(#"{"epoch":\#(epoch - 1)}"#))))
        #expect(!moved.leadsOn(HandoverEpoch(of: message(#"{"epoch":\#(epoch)}"#))))
        #expect(!moved.leadsOn(HandoverEpoch(of: message(#"{"epoch":\#(epoch + 1)}"#))))
        #expect(moved.leadsOn(nil))
    }
}
