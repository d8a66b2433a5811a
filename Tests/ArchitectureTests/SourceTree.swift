import Foundation

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
            while let first = words.first, first.hasPrefix("@") || ["public", "internal", "package", "private"].contains(first) {
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

    static func swiftFiles(below folder: String) -> [SourceFile] {
        let start = root.appending(path: folder)
        guard let walk = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil) else { return [] }
        return walk.compactMap { $0 as? URL }
            .filter { $0.pathExtension == "swift" }
            .compactMap { url in
                guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
                let path = String(url.path.dropFirst(root.path.count + 1))
                return SourceFile(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
            }
            .sorted { $0.path < $1.path }
    }
}
