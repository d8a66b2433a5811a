import Testing
import Vocabulary

@testable import ClientTransport

/// Answers as bytes, without a network.
@Suite struct AnswerParserTests {
    struct Answer {
        let text: String
        var body = "abcde"
        var isKept = true
        var endsWithConnection = false
    }

    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n"
    private static let length = head + "Content-Length: 5\r\n\r\nabcde"
    private static let chunked = head + "Transfer-Encoding: chunked\r\n\r\n"

    static let answers: [String: Answer] = [
        "plain": Answer(text: length),
        "100 before it": Answer(text: "HTTP/1.1 100 Continue\r\n\r\n" + length),
        "102 and 103 before it": Answer(
            text: "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n"
                + "Content-Type: text/html\r\nContent-Length: 7\r\n\r\n" + length),
        "chunks with extensions": Answer(text: chunked + "3;a=b\r\nabc\r\n002;c=\"d\"\r\nde\r\n0;e\r\n\r\n"),
        "trailers": Answer(
            text: chunked + "5\r\nabcde\r\n0\r\nX-Sum: 1\r\nContent-Type: text/html\r\n\r\n"),
        "a folded field and odd names": Answer(
            text: "HTTP/1.1 200\r\nX-Folded: one\r\n  two\r\n\tthree\r\ncOnTeNt-TyPe:application/x-protobuf  \r\n"
                + "X-Empty:\r\nX!#$%&'*+-.^_`|~9: \u{FC}\r\nContent-Length: 5\r\n\r\nabcde"),
        "a body to the end": Answer(text: head + "\r\nabcde", isKept: false, endsWithConnection: true),
        "no body": Answer(text: head + "Content-Length: 0\r\n\r\n", body: ""),
        "204": Answer(
            text: "HTTP/1.1 204 No Content\r\nContent-Type: application/x-protobuf\r\nContent-Length: 5\r\n\r\n",
            body: ""),
    ]

    @Test(arguments: answers.keys.sorted())
    func `an answer is the same wherever it is cut`(name: String) throws {
        let answer = try #require(Self.answers[name])
        let bytes = Array(answer.text.utf8)
        for cut in 0...bytes.count {
            let parser = AnswerParser(limit: 5)
            parser.read(bytes[..<cut])
            parser.read(bytes[cut...])
            if answer.endsWithConnection { parser.end() }
            #expect(parser.isComplete, "cut at \(cut): \(parser.nonsense ?? "")")
            #expect(parser.head?.contentType == "application/x-protobuf")
            #expect(parser.body == Array(answer.body.utf8))
            #expect(parser.keepsConnection == answer.isKept)
        }
    }

    @Test(arguments: answers.keys.sorted())
    func `an answer is complete with its last byte`(name: String) throws {
        let answer = try #require(Self.answers[name])
        let parser = AnswerParser(limit: 5)
        for byte in answer.text.utf8.dropLast(1) {
            parser.read([byte])
            #expect(!parser.isComplete && parser.nonsense == nil)
        }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 banana\r\n\r\n", "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 100_000) + "\r\n\r\n",
    ])
    func `nonsense is named`(text: String) {
        let parser = AnswerParser(limit: 5)
        parser.read(Array(text.utf8))
        #expect(parser.nonsense != nil)
        #expect(!parser.isComplete)
    }

    @Test func `nobody has asked for another protocol`() {
        let parser = AnswerParser(limit: 5)
        parser.read(Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tea\r\nConnection: upgrade\r\n\r\n".utf8))
        #expect(parser.head?.status == 101)
    }

    /// Whatever a stranger sends: an end, and never more than the limit.
    @Test func `answers with bytes changed by chance are read or refused`() {
        var chance = SplitMix(state: 1)
        for _ in 0..<3000 {
            let names = Self.answers.keys.sorted()
            let name = names[chance.below(names.count)]
            var bytes = Array((Self.answers[name]?.text ?? "").utf8)
            for _ in 0...chance.below(3) {
                let place = chance.below(bytes.count)
                switch chance.below(3) {
                case 0: bytes[place] = UInt8(chance.below(256))
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(chance.below(40)), at: place)
                }
            }
            let parser = AnswerParser(limit: 5)
            while !bytes.isEmpty {
                let count = 1 + chance.below(bytes.count)
                parser.read(bytes[..<count])
                bytes.removeFirst(count)
            }
            parser.end()
            #expect(parser.isComplete || parser.nonsense != nil || parser.isTooLong)
            #expect(parser.body.count <= 5)
        }
    }

    private struct SplitMix {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return Int((word ^ word >> 31) % UInt64(bound))
        }
    }

    @Test func `no byte beyond the limit is kept`() {
        let parser = AnswerParser(limit: 4)
        parser.read(Array((Self.chunked + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").utf8))
        #expect(parser.isTooLong)
        #expect(parser.body.count <= 4)
    }
}

extension AnswerParser {
    fileprivate func read(_ bytes: some Collection<UInt8>) {
        unsafe Array(bytes).withUnsafeBytes { unsafe read($0) }
    }
}
