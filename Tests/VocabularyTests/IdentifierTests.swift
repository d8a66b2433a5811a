import Testing
import Vocabulary

struct IdentifierTests {
    private let bytes: [UInt8] = Array(0x10...0x1F)

    @Test func `peers and handovers are written as hex, agents and instances as UUIDs`() throws {
        #expect(try #require(PeerID(bytes: bytes)).description == "101112131415161718191a1b1c1d1e1f")
        #expect(try #require(HandoverID(bytes: bytes)).description == "101112131415161718191a1b1c1d1e1f")
        #expect(try #require(AgentID(bytes: bytes)).description == "10111213-1415-1617-1819-1a1b1c1d1e1f")
        #expect(try #require(InstanceUID(bytes: bytes)).description == "10111213-1415-1617-1819-1a1b1c1d1e1f")
        #expect(PeerID("101112131415161718191a1b1c1d1e1f")?.bytes == bytes)
        #expect(AgentID("10111213-1415-1617-1819-1a1b1c1d1e1f")?.bytes == bytes)
    }

    @Test(arguments: [0, 15, 17]) func `a wrong number of bytes is refused`(count: Int) {
        #expect(PeerID(bytes: [UInt8](repeating: 1, count: count)) == nil)
    }

    @Test(arguments: [
        "", "10111213-1415-1617-1819-1a1b1c1d1e1f", "101112131415161718191A1B1C1D1E1F",
        "101112131415161718191a1b1c1d1e",
        " 101112131415161718191a1b1c1d1e1f",
    ])
    func `a peer's identity has no other text`(text: String) {
        #expect(PeerID(text) == nil)
    }

    @Test(arguments: [
        "", "101112131415161718191a1b1c1d1e1f", "10111213-1415-1617-1819-1A1B1C1D1E1F",
        "10111213-1415-1617-1819-1a1b1c1d1e1",
        "1011121-31415-1617-1819-1a1b1c1d1e1f", "{10111213-1415-1617-1819-1a1b1c1d1e1f}",
        "10111213-1415-1617-1819-1a1b1c1d1e1f-",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    ])
    func `an agent's identity has no other text`(text: String) {
        #expect(AgentID(text) == nil)
    }

    @Test func `a version 7 UUID carries its time, version and variant`() {
        let random = [UInt8](repeating: 0xFF, count: 10)
        let early = InstanceUID(version7At: Timestamp(milliseconds: 0x0123_4567_89AB), random: random)
        let noise = [UInt8](repeating: 0, count: 12)
        let late = InstanceUID(version7At: Timestamp(milliseconds: 0x0123_4567_89AC), random: noise)
        #expect(early.description == "01234567-89ab-7fff-bfff-ffffffffffff")
        #expect(late.description == "01234567-89ac-7000-8000-000000000000")
        #expect(early.description < late.description)
        let ancient = InstanceUID(version7At: Timestamp(milliseconds: -1), random: random)
        #expect(ancient.bytes.prefix(6) == [0, 0, 0, 0, 0, 0])
    }

    @Test func `certificates carry peers and agents as URNs`() throws {
        let peer = HandoverURN.peer(try #require(PeerID(bytes: bytes)))
        let agent = HandoverURN.agent(try #require(AgentID(bytes: bytes)))
        #expect(peer == "urn:opamp-handover:peer:101112131415161718191a1b1c1d1e1f")
        #expect(agent == "urn:opamp-handover:agent:10111213-1415-1617-1819-1a1b1c1d1e1f")
    }

    @Test func `a fingerprint has one text in hex and one in a token`() throws {
        let fingerprint = try #require(Fingerprint(bytes: Array(0..<32)))
        #expect(fingerprint.description == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(fingerprint.x5tS256 == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
        #expect(Fingerprint(fingerprint.description) == fingerprint)
        #expect(Fingerprint(x5tS256: fingerprint.x5tS256) == fingerprint)
        #expect(Fingerprint(bytes: Array(0..<31)) == nil)
        #expect(Fingerprint(x5tS256: fingerprint.description) == nil)
        #expect(Fingerprint(x5tS256: fingerprint.x5tS256 + "=") == nil)
        #expect(Fingerprint(fingerprint.description.uppercased()) == nil)
    }

    @Test(arguments: ["a", "eu-west_1.prod", "A9", String(repeating: "x", count: 64)])
    func `a name of the agreed form is valid`(name: String) {
        #expect(isValidName(name))
    }

    @Test(arguments: [
        "", ".", "..", ".hidden", "a/b", "a:b", "a b", "a\n", "a\u{0}", "\u{430}", "a\u{301}", "a\u{202E}b", "<b>",
        String(repeating: "x", count: 65),
    ])
    func `a name that could mean more than itself is not`(name: String) {
        #expect(!isValidName(name))
    }
}
