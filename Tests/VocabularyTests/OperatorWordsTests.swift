import Testing
import Vocabulary

struct OperatorWordsTests {
    @Test func `an operator message reads as one line`() {
        let message = OperatorMessage(code: "a.b", title: "It did not", cause: "Because.", nextAction: "Try.")
        #expect(message.description == "a.b: It did not. Because. Next: Try.")
    }

    @Test(
        arguments: MoveCause.allFixed + [
            .http(status: 100), .http(status: 302), .http(status: 401), .http(status: 413), .http(status: 599),
        ])
    func `each cause of a failed move has a code that reads back, a sentence and a next step`(cause: MoveCause) {
        #expect(MoveCause(code: cause.code) == cause)
        #expect(cause.sentence.hasSuffix("."))
        #expect(cause.nextAction.hasSuffix("."))
    }

    @Test func `the list of causes is closed and its codes differ`() {
        #expect(Set(MoveCause.allFixed.map(\.code)).count == 14)
    }

    @Test(arguments: [
        "", "DNS", "dns ", "http", "http-", "http-99", "http-600", "http-0404", "http-+404", "http--1", "xxxx-404",
    ])
    func `a text that is no cause is not read as one`(code: String) {
        #expect(MoveCause(code: code) == nil)
    }
}
