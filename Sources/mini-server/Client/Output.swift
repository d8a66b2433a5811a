import Foundation

/// What goes to standard output: tables and facts for people, JSON for programs.
enum Output {
    /// Whoever reads may stop reading; `write(_:)` would then take the process with it.
    static func line(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Columns as wide as their widest value, the last one unpadded.
    static func table(_ header: [String], _ rows: [[String]]) {
        let all = [header.map { $0.uppercased() }] + rows
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
        let shown = pairs.compactMap { name, value in value.map { (name, $0) } }
        let width = shown.map(\.0.count).max() ?? 0
        for (name, value) in shown {
            line("\(name)\(String(repeating: " ", count: width - name.count))  \(value)")
        }
    }
}
