import Drill
import ServerAPI
import Vocabulary

/// All agents in one round.
struct CrowdHandover: Codable, Hashable, Sendable {
    var agents: Int
    var leg: Leg
    /// Every agent had its offer, and was held back until the last one had, before the first one left.
    var isHeld: Bool
    var arrived: Int
    var issuedPerSecond: Double
    var redeemedPerSecond: Double
    /// From the first `Handover.OfferSent` - or the instant in which all were let go - to the last of each.
    var untilLastFirstMessage: Double
    var untilLastAdopted: Double
    var untilLastArrived: Double
    /// For each agent, from its own offer - or that instant.
    var eachToFirstMessage: Figures
    var eachToArrived: Figures

    /// How many of the operator's requests are under way at once.
    static let requestsAtOnce = 8

    @MainActor static func measure(on course: Course, leg: Leg, isHeld: Bool) async throws -> CrowdHandover {
        let members = course.fleet.members
        for member in members { member.logbook.forget() }
        let rows = try await course.rows(of: members, on: course.source(of: leg))
        let gate = course.fleet.gate

        let (issued, issuing) = try await together(rows) { try await course.issue($0, leg, probationSeconds: 20) }
        if isHeld { gate.shut() }
        let (_, redeeming) = try await together(issued) { try await course.redeem($0, leg) }
        var release: Timestamp?
        if isHeld {
            let areHeld = try await course.wait { gate.held == members.count }
            // Let the servers finish what the redemptions have left them to do.
            if areHeld { try await Task.sleep(for: .milliseconds(500)) }
            release = .present
            gate.open()
        }

        let ids = issued.map(\.handover.id)
        try await course.waitForAdoption(Array(zip(members, ids)))
        let offered = try await course.moments("Handover.OfferSent", of: ids, on: course.source(of: leg))
        let connected = try await course.moments("Handover.AgentConnected", of: ids, on: course.target(of: leg))
        let arrived = try await course.moments("Handover.AgentArrived", of: ids, on: course.target(of: leg))
        let adopted = zip(members, ids).compactMap { $0.logbook.move($1)?.adopted?.wallClock }
        let start = release ?? offered.values.min() ?? .present
        func until(_ last: Timestamp?) -> Double { last.map { ($0 - start) / .milliseconds(1) } ?? .nan }
        func each(_ moments: [HandoverID: Timestamp]) -> Figures {
            Figures(ids.compactMap { id in moments[id].map { $0 - (release ?? offered[id] ?? start) } })
        }
        let result = CrowdHandover(
            agents: members.count, leg: leg, isHeld: isHeld, arrived: arrived.count,
            issuedPerSecond: Double(rows.count) / (issuing / .seconds(1)),
            redeemedPerSecond: Double(rows.count) / (redeeming / .seconds(1)),
            untilLastFirstMessage: until(connected.values.max()), untilLastAdopted: until(adopted.max()),
            untilLastArrived: until(arrived.values.max()), eachToFirstMessage: each(connected),
            eachToArrived: each(arrived))
        try await course.waitForSettling()
        return result
    }

    /// The same request for each, a few at a time; the answers in the order of the questions.
    @MainActor private static func together<Question: Sendable, Answer: Sendable>(
        _ questions: [Question], _ ask: @escaping @MainActor @Sendable (Question) async throws -> Answer
    ) async throws -> (answers: [Answer], took: Duration) {
        let start = ContinuousClock.now
        let answers = try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            var answers = [Int: Answer]()
            for (index, question) in questions.enumerated() {
                if index >= requestsAtOnce, let (asked, answer) = try await group.next() { answers[asked] = answer }
                group.addTask { (index, try await ask(question)) }
            }
            for try await (asked, answer) in group { answers[asked] = answer }
            return questions.indices.compactMap { answers[$0] }
        }
        return (answers, ContinuousClock.now - start)
    }
}
