package import Vocabulary

/// What one invocation of the drill found out, for machines.
///
/// The schema's name changes when a member changes its meaning or goes away; members may be added.
package struct DrillReport: Codable, Hashable, Sendable {
    package static let schema = "opamp-handover/drill-report/1"

    package var schema = Self.schema
    package var startedAt: Timestamp
    package var milliseconds: Int
    /// `ws` or `http`: what the agents speak.
    package var transport: String
    package var drills: [DrillOutcome]

    package init(startedAt: Timestamp, milliseconds: Int, transport: String, drills: [DrillOutcome]) {
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.transport = transport
        self.drills = drills
    }

    /// Every drill ran to its end and found what it expected.
    package var hasPassed: Bool { !drills.isEmpty && drills.allSatisfy { $0.verdict == .passed } }
}

package enum DrillVerdict: String, Codable, Hashable, Sendable {
    case passed, failed
    /// Ended from outside; nothing is said about what was not reached.
    case interrupted
}

/// One drill.
package struct DrillOutcome: Codable, Hashable, Sendable {
    package var name: String
    package var summary: String
    package var verdict: DrillVerdict
    /// Why it has not passed, one sentence each.
    package var shortfalls: [String]
    package var startedAt: Timestamp
    package var milliseconds: Int
    /// Where its processes ran; only the logs are left after a drill that passed.
    package var directory: String
    package var steps: [StepRecord]
    package var invariants: [InvariantRecord]
    package var logs: [String]

    /// The verdict is what the steps and the invariants say.
    package init(
        name: String, summary: String, wasInterrupted: Bool = false, startedAt: Timestamp, milliseconds: Int,
        directory: String, steps: [StepRecord], invariants: [InvariantRecord], logs: [String]
    ) {
        self.name = name
        self.summary = summary
        shortfalls = Self.shortfalls(steps, invariants)
        verdict = wasInterrupted ? .interrupted : shortfalls.isEmpty ? .passed : .failed
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.directory = directory
        self.steps = steps
        self.invariants = invariants
        self.logs = logs
    }

    /// A drill has passed when every step did what was expected, no invariant was seen broken, and every invariant that
    /// it had to show was seen.
    private static func shortfalls(_ steps: [StepRecord], _ invariants: [InvariantRecord]) -> [String] {
        let failed = steps.compactMap { step in step.failure.map { "\"\(step.title)\" failed: \($0)" } }
        let broken = invariants.filter { $0.verdict == .broken }.map { "\($0.id) is broken: \($0.reason)" }
        let missing = invariants.filter { $0.isRequired && $0.verdict == .notObserved }
            .map { "\($0.id) had to be shown and was not observed: \($0.reason)" }
        // What a drill that stopped half-way has not shown is no news.
        return failed.isEmpty ? (steps.isEmpty ? ["it did nothing"] : []) + broken + missing : failed + broken
    }
}

/// One step as it happened.
package struct StepRecord: Codable, Hashable, Sendable {
    package struct Fact: Codable, Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Failure: Codable, Hashable, Sendable, CustomStringConvertible {
        /// Absent when the drill could not do the step at all.
        package var expected: String?
        package var seen: String

        package init(expected: String?, seen: String) {
            self.expected = expected
            self.seen = seen
        }

        package var description: String { (expected.map { "expected \($0), saw " } ?? "") + seen }
    }

    package var title: String
    /// Since the drill began.
    package var startedAfterMilliseconds: Int
    package var milliseconds: Int
    /// The one thing worth reading at a glance.
    package var note: String
    package var facts: [Fact]
    /// Every expectation that held, in words.
    package var held: [String]
    package var failure: Failure?

    package init(
        title: String, startedAfterMilliseconds: Int, milliseconds: Int, note: String = "", facts: [Fact] = [],
        held: [String] = [], failure: Failure? = nil
    ) {
        self.title = title
        self.startedAfterMilliseconds = startedAfterMilliseconds
        self.milliseconds = milliseconds
        self.note = note
        self.facts = facts
        self.held = held
        self.failure = failure
    }
}

/// One invariant at the end of a drill.
package struct InvariantRecord: Codable, Hashable, Sendable {
    package enum Verdict: String, Codable, Hashable, Sendable {
        case passed, broken
        /// Nothing in this drill could have shown it; the reason stands beside it.
        case notObserved = "not-observed"
    }

    /// `A1` to `A7`, `T1` to `T10`.
    package var id: String
    package var statement: String
    package var verdict: Verdict
    /// What it was judged by, what broke it, or why it could not be seen.
    package var reason: String
    /// The drill had to show it: not observed, it has failed the drill.
    package var isRequired: Bool

    package init(id: String, statement: String, verdict: Verdict, reason: String, isRequired: Bool = false) {
        self.id = id
        self.statement = statement
        self.verdict = verdict
        self.reason = reason
        self.isRequired = isRequired
    }
}
