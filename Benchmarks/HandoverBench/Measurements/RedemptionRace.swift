import BareClient
import Drill
import Foundation
import OperatorClient
import ServerAPI
import Synchronization
import Vocabulary

extension Bench {
    /// 64 clients who redeem the same tokens, four of them each at about the same time, at a server that is killed and
    /// started again all the while. What both audit trails say afterwards is counted.
    func measureRace() async throws {
        try await withPair("race") { pair, world in
            let tokens = try await issueTokens(some(1000), on: pair)
            let clients = try pair.us.operators(64, in: world)
            let server = try RestartedServer(pair.us, programs: programs, in: world)
            let attempts = Attempts(tokens.flatMap { [IssuedHandover](repeating: $0, count: 4) })
            let killing = Task {
                while true {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 300...2500)))
                    try server.restart()
                }
            }
            await withTaskGroup { group in
                for client in clients { group.addTask { await attempts.work(with: client) } }
            }
            killing.cancel()
            _ = await killing.result
            tell("the server was killed \(server.restarts) times")
            do {
                try await count(tokens.map(\.handover.id), on: pair)
                await server.end()
            } catch {
                await server.end()
                throw error
            }
            for client in clients { await client.close() }
        }
    }

    private func count(_ handovers: [HandoverID], on pair: FederatedPair) async throws {
        let course = Course(eu: pair.eu, us: pair.us)
        // What a killed redemption left open is resumed.
        _ = try await course.wait(within: .seconds(60), every: .milliseconds(500)) {
            let open = try await pair.us.api.list(OperatorRoutes.handovers())
            return !open.contains { $0.phase == .redeeming }
        }
        var (twice, never) = (0, 0)
        for server in [pair.eu, pair.us] {
            let entries = try await server.api.list(
                OperatorRoutes.auditEvents(query: [.action: AuditAction.tokenRedeemed.rawValue]))
            let counts = Dictionary(
                grouping: entries.compactMap { $0.additional["handover"].flatMap { HandoverID($0) } }, by: \.self)
            twice = max(twice, handovers.count { counts[$0, default: []].count > 1 })
            never = max(never, handovers.count { counts[$0] == nil })
        }
        report.add(.raceTwice, [Double(twice)])
        report.add(.raceNever, [Double(never)])
    }
}

/// What is to be tried, in order, by whoever is free.
private final class Attempts: Sendable {
    private let left: Mutex<ArraySlice<IssuedHandover>>

    init(_ attempts: [IssuedHandover]) { left = Mutex(attempts[...]) }

    /// Tries each until the server has said something.
    func work(with client: OperatorClient) async {
        while let attempt = left.withLock({ $0.popFirst() }) {
            let deadline = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < deadline {
                do {
                    try await client.redeem(attempt)
                    break
                } catch CallFailure.refused(let problem) where problem.status < 500 {
                    break
                } catch {
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }
}
