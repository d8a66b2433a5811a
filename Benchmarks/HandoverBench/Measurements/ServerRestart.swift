import AgentCore
import BareClient
import Drill
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

extension Bench {
    /// How the agents of a server come back that was killed and started again.
    func measureRestart() async throws {
        try await withPair("restart") { pair, world in
            let tokens = try await together(Array(0..<some(200))) { _ in
                try await pair.eu.api.call(
                    OperatorRoutes.createBootstrapToken(), sending: BootstrapTokenRequest(ttlSeconds: 3600)
                ).text
            }
            let agents = try HostedAgents(
                tokens, in: world.appending(path: "agents"), programs: agentPrograms, port: pair.eu.port ?? 0,
                authorities: pair.eu.authorities)
            var server: RestartedServer?
            do {
                try await agents.waitUntilAtWork()
                let restarted = try RestartedServer(pair.eu, programs: programs, in: world)
                server = restarted
                for _ in 0..<(isQuick ? 1 : 3) {
                    // A session that lasted proves the server stable.
                    try await Task.sleep(for: .seconds(12))
                    agents.forget()
                    let start = Timestamp.present
                    try restarted.restart()
                    try await agents.waitUntilAtWork()
                    note(agents.news.values.joined(), since: start)
                }
            } catch {
                await server?.end()
                await agents.end()
                throw error
            }
            await server?.end()
            await agents.end()
        }
    }

    private func note(_ news: some Sequence<HostedAgents.News>, since start: Timestamp) {
        func seconds(_ event: AgentLogEvent) -> [Double] {
            news.filter { $0.event == event }.map { ($0.at - start) / .seconds(1) }
        }
        let dials = Dictionary(grouping: seconds(.dialing)) { Int($0) }.mapValues(\.count)
        report.add(.restartDials, [Double(dials.values.max() ?? 0)])
        report.add(.restartBack, [seconds(.online).max() ?? .nan])
    }
}
