import Testing
import Vocabulary

struct TextRuleTests {
    @Test func `a field name is made of the characters of RFC 9110`() {
        let allowed = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        #expect(FieldName.isWellFormed(allowed))
        for byte in UInt8.min...127 {
            let character = Character(Unicode.Scalar(byte))
            #expect(FieldName.isWellFormed(String(character)) == allowed.contains(character))
        }
        #expect(!FieldName.isWellFormed("") && !FieldName.isWellFormed("é"))
    }

    @Test(arguments: ["\u{1B}", "\n", "\u{85}", "\u{200F}", "\u{202E}", "\u{2028}", "\u{2029}", "\u{E000}", "\u{FEFF}"])
    func `what steers a terminal or a reader is not printed`(text: String) {
        #expect(text.unicodeScalars.allSatisfy { !$0.isPrintable })
        #expect("a\(text)b".printable(upTo: 9) == "a?b")
    }

    @Test func `text from outside is cut`() {
        #expect("Zoë 世界 ok".printable(upTo: 6) == "Zoë 世界")
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("\u{FB}\u{F0}~?", "w7vDsH4/")])
    func `base64 is padded`(text: String, encoded: String) {
        #expect(Base64.encode(text.utf8) == encoded)
    }

    @Test func `a checksum is written in 8 digits`() {
        #expect(CRC32.text(of: "123456789".utf8) == "cbf43926")
        #expect(CRC32.text(of: "".utf8) == "00000000")
    }
}
