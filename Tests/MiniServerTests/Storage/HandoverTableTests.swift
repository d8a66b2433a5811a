import HandoverToken
import ServerCore
import Testing
import Vocabulary

@testable import MiniServer

struct HandoverTableTests {
    private static func handover(_ key: String, in table: String, phase: String) -> String {
        """
        INSERT INTO \(table) (key, record)
        VALUES ('\(key)', '{"leaf": "l", "agent": "a", "isOpen": true, "machine": {"phase": "\(phase)"}}')
        """
    }

    /// None of these records is a handover that reads: what counts them reads the index alone.
    @Test func `a file of the first version is counted by phase`() async throws {
        let records = [
            Self.handover("1", in: "sourceHandovers", phase: "settled"),
            Self.handover("2", in: "sourceHandovers", phase: "settled"),
            Self.handover("3", in: "sourceHandovers", phase: "issued"),
            Self.handover("4", in: "targetHandovers", phase: "lapsed"),
        ]
        try await DatabaseFile.open(schema: "0001-initial", filledWith: records) { file in
            let (sources, targets) = try await file.database.read { tables in
                (try tables.sources.phases(), try tables.targets.phases())
            }
            #expect(sources.map { $0.phase } == ["issued", "settled"])
            #expect(sources.map { $0.count } == [1, 2])
            #expect(targets.map { $0.phase } == ["lapsed"])
        }
    }

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
                    try await pair.eu.desk.cancel(id, reason: nil, by: pair.operatorContext)
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
