import AgentCore
import Drill
import OperatorClient
import ServerAPI
import Vocabulary

enum Leg: String, Hashable, Sendable {
    case toUS = "EU to US"
    case toEU = "US to EU"
}

/// The way between the two servers, as an operator of both walks it: the public interface and nothing else.
@MainActor struct Course {
    let eu: ServerProcess
    let us: ServerProcess

    func source(of leg: Leg) -> ServerProcess { leg == .toUS ? eu : us }
    func target(of leg: Leg) -> ServerProcess { leg == .toUS ? us : eu }

    /// The rows of these agents on the server where they are, in the same order.
    func rows(of members: [Fleet.Member], on server: ServerProcess) async throws -> [AgentID] {
        let rows = try await server.agents().map { ($0.fingerprint, AgentID($0.id)) }
        let byLeaf = Dictionary(rows) { first, _ in first }
        return try members.map { member in
            guard let row = byLeaf[member.leaf] ?? nil else { throw BenchFailure.noRow(member.name, on: server.label) }
            return row
        }
    }

    func issue(_ row: AgentID, _ leg: Leg, probationSeconds: Int) async throws -> IssuedHandover {
        try await source(of: leg).api.call(
            OperatorRoutes.issueHandover(),
            sending: HandoverIssue(
                agent: row.description, peer: target(of: leg).name, probationSeconds: probationSeconds))
    }

    func redeem(_ issued: IssuedHandover, _ leg: Leg) async throws {
        let _: HandoverSummary = try await target(of: leg).api.call(
            OperatorRoutes.redeemHandover(),
            sending: HandoverRedemption(token: issued.token, withoutConfiguration: true))
    }

    /// Looks again every few milliseconds; no server is asked unless `isSo` asks one.
    func wait(
        within limit: Duration = .seconds(60), every pause: Duration = .milliseconds(4),
        until isSo: () async throws -> Bool
    )
        async throws -> Bool
    {
        let deadline = ContinuousClock.now + limit
        while try await !isSo() {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: pause)
        }
        return true
    }

    /// Until every agent has adopted the target.
    func waitForAdoption(_ handovers: [(Fleet.Member, HandoverID)]) async throws {
        var missing = handovers
        let areAll = try await wait {
            missing.removeAll { member, id in member.logbook.move(id)?.adopted != nil }
            return missing.isEmpty
        }
        guard areAll else { throw BenchFailure.notArrived(missing.map(Self.story)) }
    }

    /// How many of the handovers the target knows to have arrived.
    func arrived(_ handovers: [HandoverID], _ leg: Leg) async throws -> Int {
        let entries: [AuditEvent] = try await target(of: leg).api.list(
            OperatorRoutes.auditEvents(query: [.action: AuditAction.agentArrived.rawValue]))
        return Set(entries.compactMap { $0.additional["handover"].flatMap { HandoverID($0) } })
            .intersection(handovers).count
    }

    private static func story(_ member: Fleet.Member, _ id: HandoverID) -> String {
        let last = member.logbook.all.last
        return "\(member.name) (\(id)), last \(last?.event.rawValue ?? "nothing") \(last?.reason ?? "")"
    }

    /// Until nothing stands in the way of the next handover.
    func waitForSettling() async throws {
        for server in [eu, us] {
            var open = 0
            let isSettled = try await wait(every: .milliseconds(50)) {
                let handovers = try await server.api.list(
                    OperatorRoutes.handovers(query: [.open: "true"]))
                open = handovers.count
                return open == 0
            }
            guard isSettled else { throw BenchFailure.notSettled(server: server.label, open: open) }
        }
    }
}
