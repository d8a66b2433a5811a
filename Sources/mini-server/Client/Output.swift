import Foundation
import Vocabulary

/// What goes to standard output: tables and facts for people, JSON for programs.
enum Output {
    /// The reader may close the pipe; `write(_:)` would then end the process.
    static func line(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    /// For people only: programs read standard output.
    static func warning(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data("warning: \(text)\n".utf8))
    }

    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Columns as wide as their widest value, the last one unpadded.
    static func table(_ header: [String], _ rows: [[String]]) {
        let all = [header.map { $0.uppercased() }] + rows.map { $0.map(shown) }
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let cells = row.enumerated().map { column, text in
                column == row.count - 1
                    ? text : text + String(repeating: " ", count: widths[column] - text.count)
            }
            line(cells.joined(separator: "  "))
        }
        if rows.isEmpty { line("(none)") }
    }

    /// Names and values, one a line; absent values are left out.
    static func facts(_ pairs: KeyValuePairs<String, String?>) {
        let present = pairs.compactMap { name, value in value.map { (name, shown($0)) } }
        let width = present.map(\.0.count).max() ?? 0
        for (name, value) in present {
            line("\(name)\(String(repeating: " ", count: width - name.count))  \(value)")
        }
    }

    /// Names, health and reasons come from agents and peers, and must not speak to the operator's terminal.
    private static func shown(_ text: String) -> String { text.printable(upTo: 4096) }
}
