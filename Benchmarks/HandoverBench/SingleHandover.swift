import Drill
import ServerAPI
import Vocabulary

/// One agent, there and back, with nothing else going on.
struct SingleHandover: Codable, Hashable, Sendable {
    var handovers: Int
    /// `Handover.OfferSent` on the source to `Handover.AgentConnected` on the target: the first message, accepted.
    var offerToFirstMessage: Figures
    /// The same to `Handover.AgentArrived`: the target has heard of the agent's commitment.
    var offerToArrived: Figures
    /// The source's entry to the adoption saved on the agent's disk.
    var offerToAdopted: Figures
    /// In the agent: candidate on disk to the source left.
    var leaving: Figures
    /// In the agent: dial to the adoption saved: TLS, upgrade, first report, answer, one durable write.
    var joining: Figures
    /// What the operator waits for: the redemption's own request.
    var redemption: Figures

    @MainActor static func measure(on course: Course, roundTrips: Int) async throws -> SingleHandover {
        let member = course.fleet.members[0]
        var rows: [Leg: AgentID] = [:]
        // One round trip before anything counts: it opens the federation's connections and makes the row on the target.
        var samples: [Sample] = []
        for trip in 0...roundTrips {
            for leg in [Leg.toUS, .toEU] {
                let row: AgentID
                if let known = rows[leg] {
                    row = known
                } else {
                    row = try await course.rows(of: [member], on: course.source(of: leg))[0]
                }
                rows[leg] = row
                let sample = try await handOver(member, row, leg, on: course)
                if trip > 0 { samples.append(sample) }
            }
        }
        return SingleHandover(samples)
    }

    private struct Sample {
        var offered: Timestamp
        var connected: Timestamp
        var arrived: Timestamp
        var move: Logbook.Move
        var redemption: Duration
    }

    private init(_ samples: [Sample]) {
        handovers = samples.count
        offerToFirstMessage = Figures(samples.map { $0.connected - $0.offered })
        offerToArrived = Figures(samples.map { $0.arrived - $0.offered })
        offerToAdopted = Figures(
            samples.compactMap { sample in sample.move.adopted.map { $0.wallClock - sample.offered } })
        leaving = Figures(samples.compactMap { sample in sample.move.dialled.map { $0.at - sample.move.began.at } })
        joining = Figures(
            samples.compactMap { sample in
                guard let dialled = sample.move.dialled, let adopted = sample.move.adopted else { return nil }
                return adopted.at - dialled.at
            })
        redemption = Figures(samples.map(\.redemption))
    }

    @MainActor private static func handOver(_ member: Fleet.Member, _ row: AgentID, _ leg: Leg, on course: Course)
        async throws -> Sample
    {
        member.logbook.forget()
        let issued = try await course.issue(row, leg, probationSeconds: 1)
        let id = issued.handover.id
        let start = ContinuousClock.now
        try await course.redeem(issued, leg)
        let redemption = ContinuousClock.now - start
        try await course.waitForAdoption([(member, id)])
        let offered = try await course.moments("Handover.OfferSent", of: [id], on: course.source(of: leg))
        let connected = try await course.moments("Handover.AgentConnected", of: [id], on: course.target(of: leg))
        let arrived = try await course.moments("Handover.AgentArrived", of: [id], on: course.target(of: leg))
        try await course.waitForSettling()
        guard let offered = offered[id], let connected = connected[id], let arrived = arrived[id],
            let move = member.logbook.move(id)
        else { throw BenchFailure.notArrived([member.name]) }
        return Sample(offered: offered, connected: connected, arrived: arrived, move: move, redemption: redemption)
    }
}
