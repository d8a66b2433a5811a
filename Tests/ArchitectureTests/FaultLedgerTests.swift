import Foundation
import Testing

/// docs/faults.md says what shows that each fault is survived; here it is held to it.
@Suite struct FaultLedgerTests {
    struct Row {
        let number: String
        let evidence: Substring
        /// What stands between backticks, after `drill` or alone.
        var names: [String] {
            evidence.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .compactMap { $0.offset % 2 == 1 ? String($0.element) : nil }
        }
    }

    static let rows: [Row] = {
        let text = (try? String(contentsOf: SourceTree.root.appending(path: "docs/faults.md"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.drop { $0 == " " } }
            guard cells.count == 3, let number = cells[0].split(separator: " ").first,
                number.first == "F" || number.first == "H",
                Int(number.dropFirst()) != nil
            else { return nil }
            return Row(number: String(number), evidence: cells[2])
        }
    }()

    @Test func `every fault has one row`() {
        let expected = (1...64).map { "F\($0)" } + (1...30).map { "H\($0)" }
        #expect(Self.rows.map(\.number) == expected)
    }

    @Test func `what a row names exists`() {
        let tests = SourceTree.swiftFiles(below: "Tests").flatMap(\.lines).filter { $0.contains("func `") }
        let drills = SourceTree.swiftFiles(below: "Sources/Drill/Drills").flatMap(\.lines)
        for row in Self.rows {
            if row.names.isEmpty {
                #expect(row.evidence.hasPrefix("not yet: "), "\(row.number) names nothing and gives no reason")
            }
            for name in row.names {
                let isKnown = tests.contains { $0.contains(name) } || drills.contains { $0.contains("\"\(name)\"") }
                #expect(isKnown, "\(row.number) names `\(name)`, which is neither a test nor a drill")
            }
        }
    }
}
