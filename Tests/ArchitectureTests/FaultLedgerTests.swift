import Foundation
import Testing

/// docs/faults.md says what shows that each fault is survived, docs/conformance.md what shows that each requirement is met;
/// here they are held to it.
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

    struct Ledger: CustomTestStringConvertible {
        let file: String
        let numbers: [String]

        var testDescription: String { file }

        var rows: [Row] {
            let text = (try? SourceTree.text(of: file)) ?? ""
            let areas = Set(numbers.compactMap(\.first))
            return text.split(separator: "\n").compactMap { line in
                let cells = line.split(separator: "|").map { $0.drop { $0 == " " } }
                guard cells.count == 3, let number = cells[0].split(separator: " ").first, let area = number.first,
                    areas.contains(area), Int(number.dropFirst()) != nil
                else { return nil }
                return Row(number: String(number), evidence: cells[2])
            }
        }
    }

    static let ledgers = [
        Ledger(file: "docs/faults.md", numbers: (1...64).map { "F\($0)" } + (1...30).map { "H\($0)" }),
        Ledger(file: "docs/conformance.md", numbers: (1...61).map { "C\($0)" } + (1...10).map { "Z\($0)" }),
    ]

    @Test(arguments: ledgers)
    func `every number has one row`(ledger: Ledger) {
        #expect(ledger.rows.map(\.number) == ledger.numbers)
    }

    @Test(arguments: ledgers)
    func `what a row names exists`(ledger: Ledger) {
        let tests = SourceTree.swiftFiles(below: "Tests").flatMap(\.lines).filter { $0.contains("func `") }
        let drills = SourceTree.swiftFiles(below: "Sources/Drill/Drills").flatMap(\.lines)
        for row in ledger.rows {
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
