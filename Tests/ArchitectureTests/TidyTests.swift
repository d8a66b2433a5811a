import Testing

@Suite struct TidyTests {
    /// A file above this length holds two thoughts.
    static let lineLimit = 350

    @Test func `no file grows two thoughts`() {
        for file in SourceTree.swiftFiles(below: "Sources") where file.lines.count > Self.lineLimit {
            Issue.record("\(file.path) has \(file.lines.count) lines; split it at the second thought")
        }
    }

    @Test func `nothing is forced and nothing is put off`() {
        let words = ["try!", "as!", "TODO", "FIXME", "XXX", "fatalError"]
        for file in SourceTree.swiftFiles(below: "Sources") {
            for (index, line) in file.lines.enumerated() {
                for word in words where line.contains(word) {
                    Issue.record("\(file.path):\(index + 1) says `\(word)`")
                }
            }
        }
    }

    @Test func `an unchecked Sendable says which thread rule makes it true`() {
        for file in SourceTree.swiftFiles(below: "Sources") {
            for (index, line) in file.lines.enumerated() where line.contains("@unchecked Sendable") {
                let before = file.lines[max(0, index - 8)..<index]
                if !before.contains(where: { $0.drop { $0 == " " }.hasPrefix("//") }) {
                    Issue.record("\(file.path):\(index + 1) gives no reason")
                }
            }
        }
    }
}
