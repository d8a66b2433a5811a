import BareClient
import Drill
import Foundation
import ServerAPI
import Vocabulary

extension Bench {
    /// 200 agents, each held when it has checked and saved its offer, let go in the same instant; bare connects of as
    /// many before each round.
    func measureCrowd() async throws {
        try await withPair("crowd") { pair, world in
            let fleet = try Fleet(in: world.appending(path: "agents"), home: pair.eu)
            let course = Course(eu: pair.eu, us: pair.us)
            do {
                tell("\(some(200)) agents enrol")
                try await fleet.grow(to: some(200))
                // One round trip before anything counts.
                for round in 0..<(isQuick ? 3 : 8) {
                    try await measureConnectCrowd()
                    let took = try await moveAtOnce(fleet, on: course, round % 2 == 0 ? .toUS : .toEU)
                    tell("round \(round + 1): \(took.short) ms")
                    if round > 1 { report.add(.handoverCrowd, [took]) }
                }
                await fleet.end()
            } catch {
                await fleet.end()
                throw error
            }
        }
    }

    /// From the gate's opening until the last agent has read the answer to its first message.
    private func moveAtOnce(_ fleet: Fleet, on course: Course, _ leg: Leg) async throws -> Double {
        for member in fleet.members { member.logbook.forget() }
        let rows = try await course.rows(of: fleet.members, on: course.source(of: leg))
        let issued = try await together(rows) { try await course.issue($0, leg, probationSeconds: 2) }
        fleet.gate.shut()
        _ = try await together(issued) { try await course.redeem($0, leg) }
        let areHeld = try await course.wait { fleet.gate.held == fleet.members.count }
        guard areHeld else { throw BenchFailure.notArrived(["\(fleet.gate.held) agents have their offers"]) }
        // The servers finish what the redemptions have left them to do.
        try await Task.sleep(for: .seconds(1))
        let start = ProcessCost.wallClock()
        fleet.gate.open()
        let handovers = Array(zip(fleet.members, issued.map(\.handover.id)))
        try await course.waitForAdoption(handovers)
        let last = handovers.compactMap { $0.logbook.move($1)?.online?.taken.milliseconds }.max()
        try await course.waitForSettling()
        return last.map { Double($0) + 0.5 - start } ?? .nan
    }
}
