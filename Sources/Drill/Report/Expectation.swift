import OperatorClient

/// What was expected and what was seen instead.
package struct UnmetExpectation: Error, Hashable, Sendable, CustomStringConvertible {
    package let expected: String
    package let seen: String

    package init(_ expected: String, seen: String) {
        self.expected = expected
        self.seen = seen
    }

    package var description: String { "expected \(expected), saw \(seen)" }
}

/// One look at something that may need time.
enum Sight<Value> {
    case here(Value)
    /// What was seen instead.
    case notYet(String)
}

/// Looks until it is there. A server that does not answer counts as "not yet". Half again as long as an agent that polls
/// waits between two polls.
///
/// - Throws: `UnmetExpectation` with the last thing seen.
@MainActor func eventually<Value>(
    _ expected: String,
    within limit: Duration = .seconds(45),
    every pause: Duration = .milliseconds(40),
    _ look: @MainActor () async throws -> Sight<Value>
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        var seen: String
        do {
            switch try await look() {
            case .here(let value): return value
            case .notYet(let other): seen = other
            }
        } catch let failure as CallFailure {
            seen = "\(failure)"
        }
        guard ContinuousClock.now < deadline else {
            throw UnmetExpectation("\(expected), within \(limit.inWords)", seen: seen)
        }
        try await Task.sleep(for: pause)
    }
}

@MainActor func eventually(
    _ expected: String,
    within limit: Duration = .seconds(45),
    _ isSo: @MainActor () async throws -> Bool
) async throws {
    try await eventually(expected, within: limit) { try await isSo() ? .here(()) : .notYet("not so") }
}

extension Duration {
    var milliseconds: Int { Int(self / .milliseconds(1)) }

    /// For people: `640 ms`, `12.4 s`.
    var inWords: String {
        milliseconds < 1000 ? "\(milliseconds) ms" : "\(milliseconds / 1000).\(milliseconds / 100 % 10) s"
    }
}
