import Foundation
import Testing

/// The files of this package as text, for rules that the compiler cannot check.
struct SourceFile {
    /// Below the package's root, for example `Sources/Vocabulary/Secret.swift`.
    let path: String
    let lines: [Substring]

    var folder: Substring { path.dropFirst("Sources/".count).prefix { $0 != "/" } }

    /// Code without comment lines and without the comment behind code.
    var code: [(number: Int, text: Substring)] {
        lines.enumerated().compactMap { index, line in
            let trimmed = line.drop { $0 == " " }
            guard !trimmed.hasPrefix("//"), !trimmed.isEmpty else { return nil }
            let end = line.range(of: " // ")?.lowerBound ?? line.endIndex
            return (index + 1, line[..<end])
        }
    }

    /// Modules whose types may stand in the public declarations of this file.
    var publicImports: [String] {
        let mark = "public import "
        return code.compactMap { _, text in text.hasPrefix(mark) ? String(text.dropFirst(mark.count)) : nil }
    }

    var imports: [(number: Int, module: String)] {
        code.compactMap { number, text in
            var words = text.split(separator: " ")[...]
            while let first = words.first,
                first.hasPrefix("@") || ["public", "internal", "package", "private"].contains(first)
            {
                words = words.dropFirst()
            }
            guard words.first == "import", let module = words.last else { return nil }
            return (number, String(module.prefix { $0 != "." }))
        }
    }
}

enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A folder without any would satisfy every rule, so that it is an issue of its own.
    static func swiftFiles(below folder: String) -> [SourceFile] {
        let files = swiftPaths(below: folder).compactMap { path in
            (try? text(of: path)).map {
                SourceFile(path: path, lines: $0.split(separator: "\n", omittingEmptySubsequences: false))
            }
        }
        if files.isEmpty { Issue.record("\(folder) has no Swift file: a rule looks where nothing is") }
        return files
    }

    /// Below the package's root, in order.
    static func swiftPaths(below folder: String) -> [String] {
        let walk = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil)
        return (walk?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
            .map { String($0.path.dropFirst(root.path.count + 1)) }.sorted()
    }

    /// The folders right below this one.
    static func folders(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).filter { name in
            !name.hasPrefix(".") && !name.contains(".swift")
        }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
