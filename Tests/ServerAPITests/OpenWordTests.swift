import Foundation
import ServerAPI
import Testing
import Vocabulary

@Suite struct OpenWordTests {
    @Test func `a word of a newer version is kept as text, and the message around it is read`() throws {
        let text = #"{"lastSequence":3,"phase":"paused"}"#
        let receipt = try JSONDecoder().decode(NoticeReceipt.self, from: Data(text.utf8))
        #expect(receipt.phase.known == nil && receipt.phase.text == "paused" && receipt.lastSequence == 3)
        #expect(!receipt.phase.isOne(of: Set(HandoverPhase.allCases)) && receipt.phase != .settled)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        #expect(String(decoding: try encoder.encode(receipt), as: UTF8.self) == text)
    }

    @Test func `a known word is compared with its enum`() throws {
        let receipt = NoticeReceipt(lastSequence: 3, phase: OpenWord(.settled))
        #expect(receipt.phase == .settled && receipt.phase != .moved && receipt.phase.isOne(of: [.moved, .settled]))
        let none: OpenWord<HandoverPhase>? = nil
        #expect(!(none == .settled) && OpenWord<HandoverPhase>?.some(receipt.phase) == .settled)
    }

    @Test(arguments: ["7", "null", "{}", "[]"]) func `what is no text is not read`(json: String) {
        let text = #"{"lastSequence":3,"phase":\#(json)}"#
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(NoticeReceipt.self, from: Data(text.utf8))
        }
    }

    /// A newer server may say any of these words differently; each list an older operator's program reads is read.
    @Test func `a list of a newer server is read`() throws {
        let key = """
            {"fingerprint":"\(String(repeating: "0", count: 64))","subject":"CN=x","state":"suspended",\
            "since":"2027-01-15T08:00:00.000Z","notAfter":"2027-01-15T08:00:00.000Z","certificatePEM":"","more":1}
            """
        let page = try JSONDecoder().decode(
            Page<SigningKeySummary>.self, from: Data(#"{"items":[\#(key)]}"#.utf8))
        #expect(page.items.map(\.state.text) == ["suspended"] && page.items[0].state.known == nil)
    }
}
