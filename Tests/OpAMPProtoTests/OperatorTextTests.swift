import OpAMPProto
import Testing
import Vocabulary
import WireSamples

@Suite struct OperatorTextTests {
    private let failures: [WireFailure] = [
        .messageTooLarge(bytes: 2, limit: 1), .tooDeep(limit: 1), .tooManyFields(limit: 1), .tooMuchMemory(limit: 1),
        .truncated(offset: 1), .malformedVarint(offset: 1), .badFieldNumber(offset: 1), .badWireType(offset: 1),
        .group(offset: 1), .wrongWireType(field: "A.b"), .invalidUTF8(field: "A.b"), .textWithNUL(field: "A.b"),
        .repeatedMessage(field: "A.b"), .frameEmpty, .frameHeaderMalformed, .frameHeaderNotZero(7),
        .undecodable(message: "A"),
    ]

    @Test func `every failure has a code of its own, a cause and a next action`() {
        let messages = failures.map(\.operatorMessage)
        #expect(Set(messages.map(\.code)).count == failures.count)
        #expect(Set(messages.map(\.cause)).count == failures.count)
        for message in messages {
            #expect(message.code.hasPrefix("wire."))
            #expect(!message.cause.contains("\n") && message.cause.hasSuffix("."))
            #expect(message.nextAction.hasSuffix("."))
        }
    }

    @Test func `header values, private keys and free-form settings are not printed`() {
        var offer = ConnectionSettingsOffers.full
        offer.opamp?.headers = Headers(headers: [Header(key: "Authorization", value: "canary-header")])
        offer.opamp?.certificate = TLSCertificate(cert: [1], privateKey: Array("canary-key".utf8))
        offer.otherConnections = ["a": OtherConnectionSettings(otherSettings: ["token": "canary-token"])]
        let message = ServerToAgent(connectionSettings: offer)
        var dumped = ""
        dump(message, to: &dumped)
        for text in ["\(message)", String(reflecting: message), dumped] {
            #expect(!text.contains("canary"))
            // The bytes of "canary-key", as an array prints them.
            #expect(!text.contains("99, 97, 110"))
            #expect(text.contains("Authorization"))
        }
        #expect(!dumped.contains("- 99\n"))
    }
}
