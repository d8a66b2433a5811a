import HandoverToken
import ServerCore
import ServerStorage
import Testing
import Vocabulary

@testable import MiniServer

struct HandoverTableTests {
    /// The claims of handovers that are over are not read at the door, however many there are.
    @Test func `of an agent's handovers the last ones that bind it are found first`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let leaf = try #require(try await pair.row()?.fingerprint)
            var issued: [HandoverID] = []
            for _ in 0..<3 {
                let id = try await pair.issue().handover
                issued.append(id)
                if issued.count < 3 {
                    try await pair.eu.service.cancel(id, reason: nil, by: pair.operatorContext)
                }
            }
            let known = try await pair.eu.server.context.database.read { try $0.records(ofLeaf: leaf) }
            #expect(known.departures.map(\.id) == [issued[2]])
            #expect(known.departures.map(\.claims.epoch) == [3])
            let open = try await pair.eu.server.context.database.read { tables in
                try tables.sources.open(agent: pair.agent).map(\.machine.id)
            }
            #expect(open == [issued[2]])
        }
    }
}
