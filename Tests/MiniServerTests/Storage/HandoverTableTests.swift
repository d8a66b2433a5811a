import PeerCore
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
}
