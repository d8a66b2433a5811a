import Foundation
import Testing
import Vocabulary

@testable import Drill

@Suite struct SoakLedgerTests {
    private func entry(
        _ drill: String, round: Int = 1, over transport: String = "ws", sources: String = "aa",
        red reason: String? = nil
    ) -> SoakEntry {
        let step = StepRecord(
            title: "go", startedAfterMilliseconds: 0, milliseconds: 1,
            failure: reason.map { .init(expected: nil, seen: $0) })
        let outcome = DrillOutcome(
            name: drill, summary: "", startedAt: Sample.now, milliseconds: 1500, directory: "/runs/\(drill)",
            steps: [step], invariants: [], logs: [])
        return SoakEntry(sources: sources, run: .init(round: round, transport: transport, drill: drill), outcome)
    }

    private func text(_ entries: [SoakEntry]) throws -> String {
        try entries.reduce("") { $0 + (try $1.line(after: $0)) }
    }

    private func pending(_ ledger: SoakLedger, rounds: Int) -> [String] {
        ledger.pending(rounds: rounds, transports: ["ws", "http"], drills: ["one", "two"])
            .map { "\($0.round) \($0.transport) \($0.drill)" }
    }

    private func passed(_ ledger: SoakLedger, rounds: Int = 1) -> Bool {
        ledger.hasPassed(rounds: rounds, transports: ["ws"], drills: ["one"])
    }

    @Test func `an empty ledger leaves everything to do, round by round`() {
        let ledger = SoakLedger("", sources: "aa")
        #expect(
            pending(ledger, rounds: 2) == [
                "1 ws one", "1 ws two", "1 http one", "1 http two", "2 ws one", "2 ws two", "2 http one", "2 http two",
            ])
        #expect(!passed(ledger) && pending(ledger, rounds: 0).isEmpty)
    }

    @Test func `what is done for these sources is not repeated, and what is done for others is`() throws {
        let done = try text([
            entry("one"), entry("two", over: "http"), entry("two", sources: "bb"), entry("one", round: 2),
        ])
        #expect(pending(SoakLedger(done, sources: "aa"), rounds: 1) == ["1 ws two", "1 http one"])
        #expect(pending(SoakLedger(done, sources: "bb"), rounds: 1) == ["1 ws one", "1 http one", "1 http two"])
        #expect(pending(SoakLedger(done, sources: "cc"), rounds: 1).count == 4)
    }

    @Test func `a line that was cut off is done again, and the next one begins a line of its own`() throws {
        let whole = try text([entry("one"), entry("two")])
        let cut = String(whole.dropLast(20))
        #expect(pending(SoakLedger(cut, sources: "aa"), rounds: 1) == ["1 ws two", "1 http one", "1 http two"])
        let next = cut + (try entry("two").line(after: cut))
        #expect(SoakLedger(next, sources: "aa").entries == [entry("one"), entry("two")])
    }

    @Test func `one red drill fails the whole ledger and is named with its reason and its evidence`() throws {
        var ledger = SoakLedger(try text([entry("one")]), sources: "aa")
        #expect(passed(ledger) && ledger.red.isEmpty)
        // One that was ended before its last round has not passed, whatever was green until then.
        #expect(!passed(ledger, rounds: 2))
        ledger.add(entry("two", round: 3, over: "http", red: "it stood still"))
        #expect(!passed(ledger))
        let last = try #require(ledger.summary.last)
        #expect(last.hasPrefix("RED two over http, round 3: ") && last.contains("it stood still"))
        #expect(last.hasSuffix("(/runs/two)"))
    }

    @Test func `the summary has a line for each drill and transport`() throws {
        let entries = [entry("one"), entry("one", round: 2, red: "no"), entry("one", over: "http"), entry("two")]
        let lines = SoakLedger(try text(entries), sources: "aa").summary.map { line in
            line.split(separator: " ").prefix(4).joined(separator: " ")
        }
        #expect(lines.prefix(4) == ["drill over rounds red", "one http 1 0", "one ws 2 1", "two ws 1 0"])
    }
}
