import OperatorClient
import ServerAPI
import Testing
import Vocabulary

@testable import Drill

@MainActor @Suite struct ExpectationTests {
    private let problem = Problem(
        OperatorMessage(code: "handover.expired", title: "The token has expired", cause: "Late.", nextAction: "Issue."),
        status: 409)

    @Test func `an expectation that does not hold says what was seen`() {
        let notes = StepNotes()
        #expect(throws: UnmetExpectation("the phase is arrived", seen: "awaiting")) {
            try notes.expect("the phase", "awaiting", is: "arrived")
        }
        #expect(throws: UnmetExpectation("the epoch is 2", seen: "1")) { try notes.expect("the epoch", 1, is: 2) }
        #expect(notes.held.isEmpty)
    }

    @Test func `an expectation that holds is kept for the report`() throws {
        let notes = StepNotes()
        try notes.expect("the phase", "arrived", is: "arrived")
        #expect(notes.held == ["the phase is arrived"])
    }

    @Test func `a refusal counts only with exactly the expected code`() async throws {
        let notes = StepNotes()
        let refusing: @MainActor () async throws -> Void = { throw CallFailure.refused(problem) }
        try await notes.expectRefusal("handover.expired", of: "the redemption", refusing)
        await #expect(throws: UnmetExpectation.self) {
            try await notes.expectRefusal("handover.cancelled", of: "the redemption", refusing)
        }
        await #expect(throws: UnmetExpectation("the redemption is refused as handover.expired", seen: "it was granted"))
        {
            try await notes.expectRefusal("handover.expired", of: "the redemption") {}
        }
    }

    @Test func `a server that is down is no refusal`() async {
        await #expect(throws: CallFailure.self) {
            try await StepNotes().expectRefusal("handover.expired", of: "the redemption") {
                throw CallFailure.unreachable("connection refused")
            }
        }
    }

    @Test func `waiting ends with the last thing seen`() async {
        var looks = 0
        let error = await #expect(throws: UnmetExpectation.self) {
            try await eventually("it is live", within: .milliseconds(30), every: .milliseconds(5)) {
                looks += 1
                return Sight<Void>.notYet("look \(looks)")
            }
        }
        #expect(error?.seen == "look \(looks)")
        #expect(looks > 1)
    }

    @Test func `waiting goes on while a server does not answer`() async throws {
        var looks = 0
        let value = try await eventually("it answers", within: .seconds(3600), every: .milliseconds(1)) {
            looks += 1
            if looks < 3 { throw CallFailure.unreachable("connection refused") }
            return Sight.here(looks)
        }
        #expect(value == 3)
    }
}

@Suite struct OpenConnectionTests {
    @Test func `the kernel's table is read by its columns`() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:10E0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
               1: 0100007F:D43E 0100007F:10E0 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4 30 10 -1
            """
        let rows = OpenConnections.rows(of: table)
        #expect(rows.map(\.remotePort) == [0, 4320])
        #expect(rows.map(\.isEstablished) == [false, true])
        #expect(rows.map(\.inode) == ["111", "222"])
    }
}
