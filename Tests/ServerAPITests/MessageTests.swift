import Foundation
import ServerAPI
import Testing
import Vocabulary

@Suite struct ServerAPITests {
    @Test func `every route is registered once and under its own root`() {
        let operatorRoutes = OperatorRoutes.all.map { "\($0.method.rawValue) \($0.template)" }
        let federationRoutes = FederationRoutes.all.map { "\($0.method.rawValue) \($0.template)" }
        #expect(Set(operatorRoutes + federationRoutes).count == operatorRoutes.count + federationRoutes.count)
        #expect(FederationRoutes.all.allSatisfy { $0.template.hasPrefix("/api/federation/") })
        // A federation certificate opens only what stands under that root.
        #expect(!OperatorRoutes.all.contains { $0.template.hasPrefix("/api/federation/") })
    }

    @Test func `placeholders are filled in order`() {
        #expect(OperatorRoutes.agents.path() == "/api/agents")
        #expect(OperatorRoutes.peerAgent.path("us", "7") == "/api/peers/us/agents/7")
        #expect(FederationRoutes.redeem.path("c3") == "/api/federation/handovers/c3/redeem")
    }

    @Test func `times, identifiers and the event's number have the names and forms of the protocol`() throws {
        let event = NoticeMessage(
            sequence: 2, type: "arrived", epoch: 3, at: Timestamp(milliseconds: 1_800_000_000_123),
            facts: ["agent": "x"])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = String(decoding: try encoder.encode(event), as: UTF8.self)
        #expect(
            text == #"{"at":"2027-01-15T08:00:00.123Z","epoch":3,"facts":{"agent":"x"},"seq":2,"type":"arrived"}"#)
        #expect(try JSONDecoder().decode(NoticeMessage.self, from: Data(text.utf8)) == event)
    }

    @Test(arguments: [#""""#, #""00""#, #""0123456789abcdef0123456789ABCDEF""#, "7", "null"])
    func `an identifier that is not one is not read`(text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(PeerID.self, from: Data(text.utf8))
        }
    }

    @Test func `a problem carries the operator's message there and back`() throws {
        let message = OperatorMessage(code: "handover.over", title: "T", cause: "C.", nextAction: "N.")
        let problem = Problem(message, status: 409, instance: "/api/handovers/1", lastSequence: 4)
        let read = try JSONDecoder().decode(Problem.self, from: try JSONEncoder().encode(problem))
        #expect(read == problem && read.operatorMessage == message)
        #expect(read.type == "urn:opamp-handover:problem:handover.over" && read.detail == "C.")
    }
}
