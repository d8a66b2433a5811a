import Drill
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

extension Bench {
    /// One agent there and back, with nothing else going on, and the yardsticks of its target between its ways.
    func measureHandover() async throws {
        try await withPair("handover") { pair, world in
            let fleet = try Fleet(in: world.appending(path: "agents"), home: pair.eu)
            do {
                try await fleet.grow(to: 1)
                try await measureHandover(of: fleet.members[0], on: Course(eu: pair.eu, us: pair.us))
                await fleet.end()
            } catch {
                await fleet.end()
                throw error
            }
        }
    }

    private func measureHandover(of member: Fleet.Member, on course: Course) async throws {
        var moves: [Logbook.Move] = []
        var rows: [Leg: AgentID] = [:]
        // One round trip before anything counts: it opens the federation's connections and makes the row on the target.
        for trip in 0...some(30) {
            for leg in [Leg.toUS, .toEU] {
                if rows[leg] == nil { rows[leg] = try await course.rows(of: [member], on: course.source(of: leg))[0] }
                guard let row = rows[leg] else { throw BenchFailure.noRow(member.name, on: "\(leg)") }
                let (move, commits) = try await handOver(member, row, leg, on: course)
                guard trip > 0 else { continue }
                moves.append(move)
                if let commits {
                    report.add(.sourceCommits, [commits.source])
                    report.add(.targetCommits, [commits.target])
                }
                try measureSave(4)
                try await measureConnect(4)
            }
        }
        let samples = Self.times(of: moves)
        report.add(.handover, samples)
        report.add(.handoverAbsolute, samples)
    }

    /// From the offer read to the target's answer read.
    ///
    /// The agent's log has whole milliseconds for both, and the finer moments in which it had saved what follows from
    /// each. Their distance is exact; the medians of what lies between reading and having saved correct it.
    private static func times(of moves: [Logbook.Move]) -> [Double] {
        let complete = moves.compactMap { move in move.online.map { (began: move.began, online: $0) } }
        func lag(_ mark: Logbook.Mark) -> Double { mark.written - Double(mark.taken.milliseconds) - 0.5 }
        let first = Statistics(complete.map { lag($0.began) }).median
        let last = Statistics(complete.map { lag($0.online) }).median
        return complete.map { $0.online.written - $0.began.written + first - last }
    }

    private func handOver(
        _ member: Fleet.Member, _ row: AgentID, _ leg: Leg, on course: Course
    ) async throws -> (move: Logbook.Move, commits: (source: Double, target: Double)?) {
        member.logbook.forget()
        let (source, target) = (course.source(of: leg), course.target(of: leg))
        let issued = try await course.issue(row, leg, probationSeconds: 2)
        let id = issued.handover.id
        let before = (try await source.commits(), try await target.commits())
        try await course.redeem(issued, leg)
        try await course.waitForAdoption([(member, id)])
        let hasArrived = try await course.wait(every: .milliseconds(100)) { try await course.arrived([id], leg) == 1 }
        guard hasArrived, let move = member.logbook.move(id) else { throw BenchFailure.notArrived([member.name]) }
        let after = (try await source.commits(), try await target.commits())
        try await course.waitForSettling()
        guard let sourceBefore = before.0, let targetBefore = before.1, let sourceAfter = after.0,
            let targetAfter = after.1
        else { return (move, nil) }
        return (move, (sourceAfter - sourceBefore, targetAfter - targetBefore))
    }
}

extension ServerProcess {
    /// Synced commits so far; `nil` from a server that does not count them.
    fileprivate func commits() async throws -> Double? {
        let text = try await api.text(PublicPaths.metrics)
        let values = text.split(separator: "\n").filter { $0.hasPrefix("storage_commits_total") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
        return values.isEmpty ? nil : values.reduce(0, +)
    }
}
