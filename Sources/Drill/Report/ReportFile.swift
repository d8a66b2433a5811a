package import Foundation

extension DrillReport {
    /// The report as a file's bytes: members in a fixed order, so that two reports can be compared.
    package var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return try encoder.encode(self) + Data("\n".utf8)
        }
    }

    package init(json: Data) throws {
        self = try JSONDecoder().decode(DrillReport.self, from: json)
    }

    package func write(to file: URL) throws {
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try json.write(to: file, options: .atomic)
    }
}
