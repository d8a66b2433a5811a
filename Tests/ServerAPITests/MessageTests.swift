import Foundation
import ServerAPI
import Testing
import Vocabulary

@Suite struct MessageTests {
    @Test func `times, identifiers and the event's number have the names and forms of the protocol`() throws {
        let event = NoticeMessage(
            sequence: 2, type: OpenWord(.arrived), epoch: 3, at: Timestamp(milliseconds: 1_800_000_000_123),
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
