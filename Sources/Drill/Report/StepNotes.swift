import OperatorClient
import ServerAPI
import Vocabulary

/// What a step finds out while it runs.
@MainActor final class StepNotes {
    private(set) var note = ""
    private(set) var facts: [StepRecord.Fact] = []
    private(set) var held: [String] = []

    /// The one thing worth reading at a glance; it stands behind the step's title.
    func say(_ text: String) { note = text }

    func fact(_ name: String, _ value: some CustomStringConvertible) {
        facts.append(.init(name, "\(value)"))
    }

    /// - Throws: `UnmetExpectation` unless the two are equal.
    func expect<Value: Equatable>(_ what: String, _ seen: Value, is expected: Value) throws {
        try expect("\(what) is \(inWords(expected))", seen == expected, seen: inWords(seen))
    }

    /// - Throws: `UnmetExpectation` unless the condition holds.
    func expect(_ what: String, _ condition: Bool, seen: @autoclosure () -> String) throws {
        guard condition else { throw UnmetExpectation(what, seen: seen()) }
        held.append(what)
    }

    func expectSome<Value>(_ what: String, _ value: Value?) throws -> Value {
        guard let value else { throw UnmetExpectation(what, seen: "none") }
        held.append(what)
        return value
    }

    /// Expects a request to be refused for exactly this reason, and answers with what the operator reads.
    @discardableResult
    func expectRefusal(_ code: String, of what: String, _ request: @MainActor () async throws -> Void) async throws
        -> OperatorMessage
    {
        do {
            try await request()
        } catch CallFailure.refused(let problem) {
            try expect("\(what) is refused as \(code)", problem.code == code, seen: "\(problem.operatorMessage)")
            fact(code, problem.operatorMessage)
            return problem.operatorMessage
        }
        throw UnmetExpectation("\(what) is refused as \(code)", seen: "it was granted")
    }

    private func inWords<Value>(_ value: Value) -> String {
        if let text = value as? String { return text.isEmpty ? "empty" : text }
        let text = "\(value)"
        return text.hasPrefix("Optional(") ? String(text.dropFirst("Optional(".count).dropLast()) : text
    }
}
