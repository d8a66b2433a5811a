import TestValues
import Testing
import Vocabulary

@testable import Drill

@Suite struct ReportTests {
    static let step = StepRecord(
        title: "EU starts", startedAfterMilliseconds: 10, milliseconds: 412, note: "https://127.0.0.1:4320",
        facts: [.init("peerId", "4f")], held: ["EU calls itself eu-region"])
    static let failed = StepRecord(
        title: "the agent arrives", startedAfterMilliseconds: 422, milliseconds: 30_000,
        failure: .init(expected: "live on US", seen: "it is arriving"))

    static func outcome(
        _ steps: [StepRecord], _ invariants: [InvariantRecord] = [], wasInterrupted: Bool = false
    ) -> DrillOutcome {
        DrillOutcome(
            name: "there-and-back", summary: "there and back", wasInterrupted: wasInterrupted,
            startedAt: TestClock.start, milliseconds: 30_422, directory: "drill-runs/x", steps: steps,
            invariants: invariants, logs: ["eu.log"])
    }

    static func record(_ verdict: InvariantRecord.Verdict, isRequired: Bool = false) -> InvariantRecord {
        InvariantRecord(id: "T1", statement: "once", verdict: verdict, reason: "seen", isRequired: isRequired)
    }

    @Test func `a report survives its own JSON`() throws {
        let report = DrillReport(
            startedAt: TestClock.start, milliseconds: 1, transport: "ws",
            drills: [Self.outcome([Self.step, Self.failed], [Self.record(.notObserved)])])
        #expect(try DrillReport(json: report.json) == report)
    }

    @Test func `the JSON keeps the names machines look for`() throws {
        let report = DrillReport(
            startedAt: TestClock.start, milliseconds: 1, transport: "ws",
            drills: [Self.outcome([Self.failed], [Self.record(.notObserved)])])
        let text = String(decoding: try report.json, as: UTF8.self)
        for member in [
            #""schema" : "opamp-handover/drill-report/1""#, #""startedAt" : "2027-01-15T"#, #""verdict" : "failed""#,
            #""expected" : "live on US""#, #""seen" : "it is arriving""#, #""verdict" : "not-observed""#,
            #""startedAfterMilliseconds" : 422"#, #""logs""#, #""isRequired" : false"#,
            #""shortfalls" : ["#, #"\"the agent arrives\" failed: expected live on US, saw it is arriving"#,
        ] {
            #expect(text.contains(member))
        }
    }

    @Test(arguments: [
        ([], [], false, DrillVerdict.failed),
        ([step], [], false, .passed),
        ([step, failed], [], false, .failed),
        ([step], [record(.passed), record(.notObserved)], false, .passed),
        ([step], [record(.passed, isRequired: true)], false, .passed),
        ([step], [record(.passed), record(.notObserved, isRequired: true)], false, .failed),
        ([step], [record(.passed), record(.broken)], false, .failed),
        ([step], [record(.broken)], true, .interrupted),
    ])
    func `a drill passes only when every step and every law held, and what it had to show was seen`(
        steps: [StepRecord], invariants: [InvariantRecord], wasInterrupted: Bool, verdict: DrillVerdict
    ) {
        #expect(Self.outcome(steps, invariants, wasInterrupted: wasInterrupted).verdict == verdict)
    }

    @Test func `a drill that has not passed says why`() {
        let missing = Self.record(.notObserved, isRequired: true)
        #expect(Self.outcome([Self.step], [missing]).shortfalls == ["T1 had to be shown and was not observed: seen"])
        #expect(Self.outcome([Self.step], [Self.record(.broken)]).shortfalls == ["T1 is broken: seen"])
        #expect(Self.outcome([Self.step], [Self.record(.notObserved)]).shortfalls.isEmpty)
        // It stopped half-way: what it has not shown is no news.
        #expect(Self.outcome([Self.failed], [missing]).shortfalls.count == 1)
    }

    @Test func `a report without drills has not passed`() {
        let report = DrillReport(startedAt: Timestamp(seconds: 0), milliseconds: 0, transport: "ws", drills: [])
        #expect(!report.hasPassed)
    }
}

@MainActor @Suite struct NarratorTests {
    private func told(isTerminal: Bool, _ tell: (Narrator) -> Void) -> String {
        var text = ""
        tell(Narrator(style: .init(isTerminal: isTerminal)) { text += $0 })
        return text
    }

    private func tellAll(_ narrator: Narrator) {
        let outcome = ReportTests.outcome(
            [ReportTests.step, ReportTests.failed],
            [
                ReportTests.record(.broken), ReportTests.record(.notObserved, isRequired: true),
                ReportTests.record(.notObserved),
            ])
        narrator.begin("EU starts", after: .milliseconds(10))
        narrator.finish(ReportTests.step)
        narrator.finish(ReportTests.failed)
        narrator.explain(
            .init(expected: "live on US", seen: "it is arriving"), ended: ["agent-1 exited with status 3"],
            logs: ["eu.log", "us.log"])
        narrator.show(outcome.invariants)
        narrator.conclude(outcome)
        let report = DrillReport(
            startedAt: Timestamp(seconds: 0), milliseconds: 1, transport: "ws", drills: [outcome, outcome])
        narrator.close(report, file: "report.json")
    }

    @Test func `without a terminal there are no escape sequences`() {
        let text = told(isTerminal: false, tellAll)
        #expect(!text.contains("\u{1B}") && !text.contains("\r"))
        #expect(told(isTerminal: true, tellAll).contains("\u{1B}"))
    }

    @Test func `a failure shows what was expected, what was seen and where the logs are`() {
        let lines = told(isTerminal: false, tellAll).split(separator: "\n")
        for words in [
            "expected   live on US", "seen       it is arriving", "logs       eu.log", "us.log", "BROKEN", "FAILED",
            "✗ NOT OBSERVED",
            "– not observed", "T1 is broken: seen", "ended      agent-1 exited with status 3",
        ] {
            #expect(lines.contains { $0.contains(words) }, "\(words)")
        }
    }

    @Test func `times and titles stand in columns`() throws {
        let lines = told(isTerminal: false, tellAll).split(separator: "\n")
        let first = try #require(lines.first { $0.contains("EU starts") })
        let second = try #require(lines.first { $0.contains("the agent arrives") })
        #expect(
            first == "    0.01 s    412 ms  ✓ EU starts" + String(repeating: " ", count: 58) + "https://127.0.0.1:4320")
        #expect(second == "    0.42 s    30.0 s  ✗ the agent arrives")
    }
}
