import Testing
import Vocabulary

struct JSONReaderTests {
    @Test(arguments: [
        ("null", JSON.null), (" \t\r\n true ", .bool(true)), ("false", .bool(false)),
        ("0", .integer(0)), ("-0", .integer(0)), ("-17", .integer(-17)),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        (#""""#, .string("")), (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{C}\n\r\t")),
        (#""\u0041\u00e9\u20AC""#, .string("A\u{E9}\u{20AC}")), (#""\ud83d\ude00""#, .string("\u{1F600}")),
        (#""\u0000""#, .string("\u{0}")), ("\"\u{1F600}\u{7F}\"", .string("\u{1F600}\u{7F}")),
        ("[]", .array([])), ("[ 1 , [] ]", .array([.integer(1), .array([])])),
        ("{}", .object([])),
        (#"{ "b" : 1 , "a" : {} }"#, .object([.init("b", .integer(1)), .init("a", .object([]))])),
    ])
    func `what RFC 8259 allows is read`(text: String, value: JSON) throws {
        #expect(try JSON(reading: Array(text.utf8)) == value)
    }

    @Test(arguments: [
        ("", JSONRefusal.truncated), (" ", .truncated), ("[", .truncated), ("[1", .truncated), ("[1,", .truncated),
        ("{", .truncated), (#"{"a""#, .truncated), (#"{"a":"#, .truncated), (#"{"a":1"#, .truncated),
        (#"{"a":1,"#, .truncated), ("\"", .truncated), (#""\"#, .truncated), (#""\u12"#, .truncated),
        (#""\ud800"#, .truncated), ("tru", .truncated), ("-", .truncated),
        ("nulx", .unexpected(offset: 3)), ("True", .unexpected(offset: 0)), ("NaN", .unexpected(offset: 0)),
        ("Infinity", .unexpected(offset: 0)), ("+1", .unexpected(offset: 0)), (".5", .unexpected(offset: 0)),
        ("01", .unexpected(offset: 0)), ("-01", .unexpected(offset: 1)), ("-a", .unexpected(offset: 1)),
        ("0x10", .unexpected(offset: 1)), ("1 2", .unexpected(offset: 2)), ("{}{}", .unexpected(offset: 2)),
        ("[1,]", .unexpected(offset: 3)), ("[,1]", .unexpected(offset: 1)), ("[1 2]", .unexpected(offset: 3)),
        (#"{"a":1,}"#, .unexpected(offset: 7)), ("{a:1}", .unexpected(offset: 1)), ("{'a':1}", .unexpected(offset: 1)),
        (#"{"a" 1}"#, .unexpected(offset: 5)), (#"{1:1}"#, .unexpected(offset: 1)), ("// x\n1", .unexpected(offset: 0)),
        ("\u{FEFF}1", .unexpected(offset: 0)), ("\u{A0}1", .unexpected(offset: 0)),
        ("\"a\nb\"", .unexpected(offset: 2)), ("\"\u{0}\"", .unexpected(offset: 1)),
        (#""\x41""#, .unexpected(offset: 2)), (#""\u00g0""#, .unexpected(offset: 5)),
        (#""\ud800""#, .unexpected(offset: 7)), (#""\ud800\n""#, .unexpected(offset: 8)),
        (#""\ud800\u0041""#, .unexpected(offset: 2)), (#""\udc00""#, .unexpected(offset: 2)),
        ("1.0", .numberNotWhole(offset: 0)), ("1e3", .numberNotWhole(offset: 0)),
        ("[1E400]", .numberNotWhole(offset: 1)),
        ("9223372036854775808", .numberNotWhole(offset: 0)), ("-9223372036854775809", .numberNotWhole(offset: 0)),
        (#"{"a":1,"a":2}"#, .duplicateName("a")), (#"{"a":1,"\u0061":2}"#, .duplicateName("a")),
        (#"{"x":{"b":1,"b":1}}"#, .duplicateName("b")),
    ])
    func `anything else is refused by name and place`(text: String, refusal: JSONRefusal) {
        #expect(throws: refusal) { try JSON(reading: Array(text.utf8)) }
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82],
    ])
    func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
        #expect(throws: JSONRefusal.notUTF8) { try JSON(reading: bytes) }
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
    func `depth is allowed up to the limit and not one more`(open: String, close: String) throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: open, count: depth - 1) + "1" + String(repeating: close, count: depth - 1)).utf8)
        }
        let limit = Limits.jsonDepth
        _ = try JSON(reading: nested(limit))
        #expect(throws: JSONRefusal.tooDeep(limit: limit)) { try JSON(reading: nested(limit + 1)) }
        #expect(throws: JSONRefusal.tooDeep(limit: limit)) { try JSON(reading: nested(10_000)) }
    }

    @Test func `size is allowed up to the limit and not one more`() throws {
        let text = Array("[12]".utf8)
        _ = try JSON(reading: text, sizeLimit: 4)
        #expect(throws: JSONRefusal.tooLarge(bytes: 4, limit: 3)) { try JSON(reading: text, sizeLimit: 3) }
    }

    @Test func `no prefix of a document and no flipped bit makes the reader crash`() throws {
        let text = Array(#"{"a":[1,-20,true,null,"x\u00e9\ud83d\ude00\n"],"b":{"c":"d"}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONRefusal.self) { try JSON(reading: Array(text[..<length])) }
        }
        for position in text.indices {
            for bit in 0..<8 {
                var damaged = text
                damaged[position] ^= 1 << UInt8(bit)
                if let value = try? JSON(reading: damaged) {
                    #expect(try JSON(reading: Array(value.description.utf8)) == value)
                }
            }
        }
    }
}
