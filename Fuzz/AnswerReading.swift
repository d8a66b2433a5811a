import Vocabulary

@testable import ClientTransport

/// One HTTP answer read at once and in pieces: where a network cuts it must not matter.
enum AnswerReading {
    private static let limit = 4096

    private struct Outcome: Equatable {
        let isComplete: Bool
        let isTooLong: Bool
        let isNonsense: Bool
        let keepsConnection: Bool
        let body: [UInt8]
        let head: [String?]

        /// - Parameter hasMore: bytes came that the parser was not asked about any more.
        init(_ parser: AnswerParser, hasMore: Bool) {
            (isComplete, isTooLong, isNonsense) = (parser.isComplete, parser.isTooLong, parser.nonsense != nil)
            keepsConnection = parser.keepsConnection && !hasMore
            body = parser.isComplete ? parser.body : []
            // Without `retryAfter`, which is counted from the clock's time.
            head =
                isComplete
                ? [
                    parser.head.map { "\($0.status)" }, parser.head?.handoverCause, parser.head?.contentType,
                    parser.head?.contentLength.map { "\($0)" }, parser.head?.contentEncoding,
                    parser.head?.acceptEncoding,
                ] : []
        }
    }

    /// - Parameter bytes: how long the pieces are, and the answer.
    static func check(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        let answer = Array(bytes.dropFirst())
        let whole = AnswerParser(limit: limit)
        unsafe answer.withUnsafeBytes { unsafe whole.read($0) }
        whole.end()

        let cut = AnswerParser(limit: limit)
        var rest = answer[...]
        let length = Int(first % 64) + 1
        while !rest.isEmpty, !cut.isComplete {
            unsafe Array(rest.prefix(length)).withUnsafeBytes { unsafe cut.read($0) }
            rest = rest.dropFirst(length)
        }
        cut.end()

        guard whole.body.count <= limit, cut.body.count <= limit else { fatalError("the limit was passed by") }
        try Parser.same(Outcome(cut, hasMore: !rest.isEmpty), Outcome(whole, hasMore: false))
    }
}
