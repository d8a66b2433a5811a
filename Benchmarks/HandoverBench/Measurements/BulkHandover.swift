import BareClient
import Drill
import Foundation
import HostSystem
import ServerAPI
import Vocabulary

extension Bench {
    /// 1,000 agents whose tokens are redeemed at 200 a second, agents and servers on the same processors.
    func measureBulk() async throws {
        _ = OpenFiles.limit(raisedTo: 20_000)
        try await withPair("bulk") { pair, world in
            let fleet = try Fleet(in: world.appending(path: "agents"), home: pair.eu)
            let course = Course(eu: pair.eu, us: pair.us)
            do {
                tell("\(some(1000)) agents enrol")
                try await fleet.grow(to: some(1000))
                try await moveAtRate(fleet.members, on: course, perSecond: 200)
                await fleet.end()
            } catch {
                await fleet.end()
                throw error
            }
        }
    }

    private func moveAtRate(_ members: [Fleet.Member], on course: Course, perSecond rate: Int) async throws {
        let rows = try await course.rows(of: members, on: course.source(of: .toUS))
        let issued = try await together(rows) { try await course.issue($0, .toUS, probationSeconds: 300) }
        for member in members { member.logbook.forget() }
        let begin = ContinuousClock.now
        let start = ProcessCost.wallClock()
        // A server that cannot keep up is asked as fast as it answers.
        _ = try await together(Array(issued.enumerated()), atOnce: 64) { index, handover in
            try await Task.sleep(until: begin + .seconds(1) * index / rate, clock: .continuous)
            try await course.redeem(handover, .toUS)
        }
        let handovers = Array(zip(members, issued.map(\.handover.id)))
        var missing = handovers
        _ = try await course.wait(within: .seconds(60), every: .milliseconds(20)) {
            missing.removeAll { member, id in member.logbook.move(id)?.adopted != nil }
            return missing.isEmpty
        }
        let last = handovers.compactMap { $0.logbook.move($1)?.online?.taken.milliseconds }.max()
        let ids = handovers.map(\.1)
        var arrived = 0
        _ = try await course.wait(within: .seconds(30), every: .milliseconds(500)) {
            arrived = try await course.arrived(ids, .toUS)
            return arrived == ids.count
        }
        report.add(.bulkStuck, [Double(ids.count - arrived)])
        if let last, arrived == ids.count { report.add(.bulkArrival, [(Double(last) - start) / 1000]) }
    }
}
