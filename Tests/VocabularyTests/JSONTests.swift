import Testing
import Vocabulary

struct JSONTests {
    private let sample = JSON.members([
        "text": .string("a\"\\/\u{0}\u{1F}\n\r\t\u{7F}\u{2028}\u{E9}\u{1F600}"), "absent": nil,
        "list": .array([.integer(.min), .bool(false), .null]), "empty": .object([]),
    ])

    @Test func `the text is one line, in the order given, with control characters escaped`() {
        #expect(
            sample.description
                == #"{"text":"a\"\\/\u0000\u001f\n\r\t\u007f\u2028"# + "\u{E9}\u{1F600}"
                + #"","list":[-9223372036854775808,false,null],"empty":{}}"#)
    }

    @Test func `what is written is read back`() throws {
        #expect(try JSON(reading: Array(sample.description.utf8)) == sample)
    }

    @Test func `a view of the wrong type is nil`() {
        #expect(sample["list"]?.array?.count == 3)
        #expect(sample["absent"] == nil)
        #expect(sample["text"]?.integer == nil)
        #expect(sample["list"]?.string == nil)
        #expect(sample["empty"]?.members?.isEmpty == true)
        #expect(JSON.integer(1)["text"] == nil)
        #expect(JSON.integer(1).bool == nil)
        #expect(JSON.bool(true).bool == true)
        #expect(JSON.null.members == nil)
    }
}
