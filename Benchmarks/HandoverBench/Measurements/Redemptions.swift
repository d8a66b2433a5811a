import BareClient
import Drill
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

extension Bench {
    /// Operators who redeem one token after the other, of agents that are not connected: nothing moves meanwhile.
    func measureRedemptions() async throws {
        try await withPair("redemptions") { pair, world in
            let rounds = isQuick ? 1 : 3
            let (alone, together) = (some(200), some(640))
            let tokens = try await issueTokens(rounds * (alone + together), on: pair)
            let operators = try pair.us.operators(16, in: world)
            for round in 0..<rounds {
                let start = round * (alone + together)
                let own = Array(tokens[start..<(start + alone)])
                let shared = Array(tokens[(start + alone)..<(start + alone + together)])
                report.add(.redemptionsByOne, [try await rate(of: own, by: Array(operators.prefix(1)))])
                report.add(.redemptionsBySixteen, [try await rate(of: shared, by: operators)])
            }
            for client in operators { await client.close() }
        }
    }

    private func rate(of tokens: [IssuedHandover], by operators: [OperatorClient]) async throws -> Double {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            for (number, client) in operators.enumerated() {
                group.addTask {
                    for index in stride(from: number, to: tokens.count, by: operators.count) {
                        try await client.redeem(tokens[index])
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(tokens.count) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// Agents of EU that are not connected, and a token for each to go to US.
    func issueTokens(_ count: Int, on pair: FederatedPair) async throws -> [IssuedHandover] {
        tell("\(count) agents enrol, a token is issued for each")
        let agents = try await BulkEnrolment.enrol(count, named: "redeemed", at: pair.eu)
        let door = try pair.eu.door
        // A leaf proves itself once before its agent is handed over.
        try await onThread {
            let load = try Load(door)
            load.close(try load.join(agents, over: .webSocket, atOnce: 50))
            try door.waitUntilQuiet()
        }
        let (source, target) = (try pair.eu.api, pair.us.name)
        let rows = try await pair.eu.agents()
        return try await together(rows) { row in
            try await source.call(
                OperatorRoutes.issueHandover(), sending: HandoverIssue(agent: "\(row.id)", peer: target))
        }
    }
}

extension OperatorClient {
    func redeem(_ issued: IssuedHandover) async throws {
        _ = try await call(
            OperatorRoutes.redeemHandover(),
            sending: HandoverRedemption(token: issued.token, withoutConfiguration: true))
    }
}
