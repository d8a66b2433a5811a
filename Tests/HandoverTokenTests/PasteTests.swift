import HandoverToken
import TestPKI
import Testing
import Vocabulary

struct PasteTests {
    private let world = TokenWorld.shared

    private func token() throws -> String { try world.source.issuer.sign(try world.claims()) }

    @Test(arguments: ["\n", "\r\n", " ", "\t", "\u{B}\u{C}"])
    func `white space and line breaks of a paste do no harm`(space: String) throws {
        let text = try token()
        let wrapped = stride(from: 0, to: text.count, by: 7).map { start in
            String(text.dropFirst(start).prefix(7))
        }
        #expect(try world.verify(space + wrapped.joined(separator: space) + space).claims == world.claims())
    }

    @Test(arguments: [
        "\u{FEFF}", "\u{200B}", "\u{A0}", "\u{2060}", "\u{AD}", "\u{0}", "\u{7F}", "\u{FF0E}", "\u{430}", "\u{301}",
    ])
    func `a character that cannot belong to a token is named, not guessed away`(character: String) throws {
        let text = try token()
        let scalar = try #require(character.unicodeScalars.first)
        for paste in [character + text, text + character, text.replacingFirst(".", with: "." + character)] {
            #expect(throws: TokenRefusal.envelope(.malformed(.foreignCharacter(scalar)))) { try world.verify(paste) }
        }
        let message = TokenRefusal.envelope(.malformed(.foreignCharacter(scalar))).operatorMessage
        #expect(message.cause.contains("U+"))
        #expect(!message.description.unicodeScalars.contains(scalar))
    }

    @Test(arguments: [
        "", " ", "x", "opamp-ho", "amp-bs.x", "opamp-pat.abcdef", "opamp-fs.abcdef", "OPAMP-HO.a.b.c.00000000", "{}",
    ])
    func `a text that begins otherwise is no token`(text: String) {
        #expect(throws: TokenRefusal.envelope(.malformed(.noPrefix))) { try world.verify(text) }
    }

    @Test(arguments: [
        ("opamp-ho.", 2), ("opamp-ho.a", 2), ("opamp-ho.a.b", 3), ("opamp-ho.a.b.c", 4),
        ("opamp-ho.a.b.c.d.00000000", 6),
        ("opamp-ho.a.b.c.d.e.f", 7),
    ])
    func `a token has five parts`(text: String, parts: Int) {
        #expect(throws: TokenRefusal.envelope(.malformed(.parts(parts)))) { try world.verify(text) }
    }

    @Test(arguments: [
        ("opamp-ho.a.b.c.", EnvelopeRefusal.Malformation.checksumForm), ("opamp-ho.a.b.c.0000000", .checksumForm),
        ("opamp-ho.a.b.c.000000000", .checksumForm), ("opamp-ho.a.b.c.0000000G", .checksumForm),
        ("opamp-ho.a.b.c.ABCDEF00", .checksumForm), ("opamp-ho..b.c.00000000", .encoding),
        ("opamp-ho.a.b..00000000", .encoding), ("opamp-ho.a=.b.c.00000000", .encoding),
        ("opamp-ho.a.b+/.c.00000000", .encoding),
    ])
    func `each part has its alphabet`(text: String, malformation: EnvelopeRefusal.Malformation) {
        #expect(throws: TokenRefusal.envelope(.malformed(malformation))) { try world.verify(text) }
    }

    @Test func `base64url that is not canonical is refused under a right checksum`() throws {
        var parts = TokenParts(try token())
        // 64 bytes leave two bits to spare in the last of 86 characters: another last character, the same bytes.
        let last = try #require(parts.parts[3].last)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let index = try #require(alphabet.firstIndex(of: last))
        parts.parts[3] = String(parts.parts[3].dropLast()) + String(alphabet[index + 1])
        #expect(throws: TokenRefusal.envelope(.malformed(.encoding))) { try world.verify(parts.text) }
    }

    @Test func `size is allowed up to the limit and not one more`() throws {
        let limit = Limits.tokenBytes
        let fitting = "opamp-ho." + String(repeating: "a", count: limit - 9)
        #expect(throws: TokenRefusal.envelope(.malformed(.parts(2)))) { try world.verify(fitting) }
        let tooLarge = TokenRefusal.envelope(.tooLarge(limit: limit))
        #expect(throws: tooLarge) { try world.verify(fitting + "a") }
        #expect(throws: tooLarge) { try world.verify(String(repeating: " ", count: 2 * limit + 1)) }
        #expect(throws: tooLarge) { try world.verify(String(repeating: "a", count: 10_000_000)) }
    }
}

extension String {
    fileprivate func replacingFirst(_ character: Character, with text: String) -> String {
        guard let index = firstIndex(of: character) else { return self }
        return String(self[..<index]) + text + String(self[self.index(after: index)...])
    }
}
