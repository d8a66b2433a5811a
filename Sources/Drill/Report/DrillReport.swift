public import Vocabulary

/// What one invocation of the drill found out, for machines.
///
/// The schema's name changes when a member changes its meaning or goes away; members may be added.
public struct DrillReport: Codable, Hashable, Sendable {
    public static let schema = "opamp-handover/drill-report/1"

    public var schema = Self.schema
    public var startedAt: Timestamp
    public var milliseconds: Int
    /// `ws` or `http`: what the agents speak.
    public var transport: String
    public var drills: [DrillOutcome]

    public init(startedAt: Timestamp, milliseconds: Int, transport: String, drills: [DrillOutcome]) {
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.transport = transport
        self.drills = drills
    }

    /// Every drill ran to its end and found what it expected.
    public var hasPassed: Bool { !drills.isEmpty && drills.allSatisfy { $0.verdict == .passed } }
}

public enum DrillVerdict: String, Codable, Hashable, Sendable {
    case passed, failed
    /// Ended from outside; nothing is said about what was not reached.
    case interrupted
}

/// One drill.
public struct DrillOutcome: Codable, Hashable, Sendable {
    public var name: String
    public var summary: String
    public var verdict: DrillVerdict
    /// Why it has not passed, one sentence each.
    public var shortfalls: [String]
    public var startedAt: Timestamp
    public var milliseconds: Int
    /// Where its processes ran; only the logs are left after a drill that passed.
    public var directory: String
    public var steps: [StepRecord]
    public var invariants: [InvariantRecord]
    public var logs: [String]

    /// The verdict is what the steps and the invariants say.
    public init(
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
public struct StepRecord: Codable, Hashable, Sendable {
    public struct Fact: Codable, Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public struct Failure: Codable, Hashable, Sendable, CustomStringConvertible {
        /// Absent when the drill could not do the step at all.
        public var expected: String?
        public var seen: String

        public init(expected: String?, seen: String) {
            self.expected = expected
            self.seen = seen
        }

        public var description: String { (expected.map { "expected \($0), saw " } ?? "") + seen }
    }

    public var title: String
    /// Since the drill began.
    public var startedAfterMilliseconds: Int
    public var milliseconds: Int
    /// The one thing worth reading at a glance.
    public var note: String
    public var facts: [Fact]
    /// Every expectation that held, in words.
    public var held: [String]
    public var failure: Failure?

    public init(
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
public struct InvariantRecord: Codable, Hashable, Sendable {
    public enum Verdict: String, Codable, Hashable, Sendable {
        case passed, broken
        /// Nothing in this drill could have shown it; the reason stands beside it.
        case notObserved = "not-observed"
    }

    /// `A1` to `A7`, `T1` to `T10`.
    public var id: String
    public var statement: String
    public var verdict: Verdict
    /// What it was judged by, what broke it, or why it could not be seen.
    public var reason: String
    /// The drill had to show it: not observed, it has failed the drill.
    public var isRequired: Bool

    public init(id: String, statement: String, verdict: Verdict, reason: String, isRequired: Bool = false) {
        self.id = id
        self.statement = statement
        self.verdict = verdict
        self.reason = reason
        self.isRequired = isRequired
    }
}
