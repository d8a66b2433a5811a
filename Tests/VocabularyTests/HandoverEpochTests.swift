import Testing
import Vocabulary

@Suite struct HandoverEpochTests {
    static let handover = HandoverID("00112233445566778899aabbccddeeff")

    @Test(arguments: [
        HandoverEpoch(0, handover: nil), HandoverEpoch(3, handover: handover), HandoverEpoch(7, handover: nil),
        HandoverEpoch(.max, handover: handover),
    ])
    func `the header text reads back as what was written`(epoch: HandoverEpoch) {
        #expect(HandoverEpoch(headerText: epoch.headerText) == epoch)
    }

    @Test func `the header text is the epoch and the handover`() {
        #expect(HandoverEpoch(0, handover: nil).headerText == "0")
        #expect(HandoverEpoch(3, handover: Self.handover).headerText == "3 00112233445566778899aabbccddeeff")
    }

    @Test(arguments: [
        "", " ", "3 ", " 3", "+3", "-1", "03", "3.0", "x", "18446744073709551616",
        "3  00112233445566778899aabbccddeeff",
        "3 00112233445566778899AABBCCDDEEFF", "3 0011", "3 00112233445566778899aabbccddeeff 1", "3\t0",
    ])
    func `any other header text is none`(text: String) {
        #expect(HandoverEpoch(headerText: text) == nil)
    }

    @Test func `the JSON reads back as what was written, up to the largest number of JSON here`() {
        for epoch in [HandoverEpoch(0, handover: nil), HandoverEpoch(3, handover: Self.handover)] {
            #expect(HandoverEpoch(json: epoch.json) == epoch)
        }
        #expect(HandoverEpoch(json: HandoverEpoch(.max, handover: nil).json)?.epoch == Epoch(Int64.max))
        #expect(String(decoding: HandoverEpoch(0, handover: nil).json, as: UTF8.self) == #"{"epoch":0}"#)
    }

    @Test(arguments: ["", "3", "[]", "{}", #"{"epoch":-1}"#, #"{"epoch":"3"}"#, #"{"epoch":3"#])
    func `JSON without an epoch is none`(text: String) {
        #expect(HandoverEpoch(json: Array(text.utf8)) == nil)
    }
}
