import Testing
import Vocabulary

struct TextEncodingTests {
    @Test(
        arguments: [
            ("", []), ("00", [0]), ("0f10ff", [0x0F, 0x10, 0xFF]),
        ] as [(String, [UInt8])])
    func `hex goes both ways`(text: String, bytes: [UInt8]) {
        #expect(Hex.encode(bytes) == text)
        #expect(Hex.decode(text) == bytes)
    }

    @Test(arguments: ["0", "0F", "0g", " 00", "0x00", "0\u{FF11}", "\u{661}0"])
    func `hex that is odd, in capitals or not hex is refused`(text: String) {
        #expect(Hex.decode(text) == nil)
    }

    // RFC 4648 section 10, without padding, and the two characters that differ from base64.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64url agrees with the vectors of RFC 4648`(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(text) == Array(plain.utf8))
    }

    @Test func `base64url uses the alphabet that is safe in URLs`() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == "-_-_")
        #expect(Base64URL.decode("-_-_") == [0xFB, 0xFF, 0xBF])
        #expect(Base64URL.encode([1, 2, 3, 4][1...]) == Base64URL.encode([2, 3, 4]))
    }

    @Test(arguments: ["Zg==", "Zg=", "Zh", "Zm9", "Z", "Zm9vY", "+/+/", "Zm 9v", "Zm9v\n", "Zm9\u{E9}", "Zm9v."])
    func `base64url that is padded, not canonical or of another alphabet is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func `every length of bytes has exactly one base64url text`() {
        for length in 0...66 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ length) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        // One byte has 4 bits to spare in its second character; only the text with zeros there counts.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        #expect(alphabet.filter { Base64URL.decode("Z\($0)") != nil } == "AQgw")
    }

    @Test(
        arguments: [
            ("", 0), ("123456789", 0xCBF4_3926), ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
        ] as [(String, UInt32)])
    func `the checksum agrees with the known vectors`(text: String, checksum: UInt32) {
        #expect(CRC32.checksum(text.utf8) == checksum)
    }
}
