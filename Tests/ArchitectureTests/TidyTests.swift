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

    /// Foundation's `Process` reads behind the end of the list of open files where that is longer than 1,350. Its one
    /// thread that waits for children can wait for ever, and with it every caller of `waitUntilExit`.
    @Test(arguments: ["Sources", "Tests", "Benchmarks", "Interop", "Fuzz"])
    func `children are started by ChildProcess of HostSystem, not by Foundation`(folder: String) {
        for file in SourceTree.swiftFiles(below: folder) {
            for (number, text) in file.code
            where text.contains("Process") && text.contains(/\bProcess(\(\)|\.run\()/) {
                Issue.record("\(file.path):\(number) starts a child by Foundation's Process")
            }
        }
    }

    /// It takes with it what a test writes; other ways left thousands of files behind.
    @Test func `what tests write stands in a TemporaryFolder`() {
        let words = ["FileManager.default.temporaryDirectory", "NSTemporaryDirectory", "mkdtemp", "TMPDIR"]
        for file in SourceTree.swiftFiles(below: "Tests")
        where !file.path.hasSuffix("/TemporaryFolder.swift") && !file.path.hasPrefix("Tests/ArchitectureTests/") {
            for (number, text) in file.code where words.contains(where: text.contains) {
                Issue.record("\(file.path):\(number) chooses its own place for temporary files")
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

    /// In Swift `|` and `^` have one precedence and `&` binds like `*`, unlike in C. A comparison of secrets was wrong
    /// because of that.
    @Test func `operators of bits are mixed only with parentheses`() {
        for file in SourceTree.swiftFiles(below: "Sources") {
            for (number, text) in file.code where Self.mixesBitOperators(String(text)) {
                Issue.record("\(file.path):\(number) mixes operators of bits without parentheses")
            }
        }
    }

    @Test(
        arguments: [
            ("$0 | $1.0 ^ $1.1", true), ("$0 | ($1.0 ^ $1.1)", false), ("a << 8 | b", true), ("(a << 8) | b", false),
            ("\"a ^ b | c\"", false), ("a & b == 0 || c", false), ("O_RDONLY | (follows ? 0 : O_NOFOLLOW)", false),
        ])
    func `the rule finds what it is for`(line: String, isMixed: Bool) {
        #expect(Self.mixesBitOperators(line) == isMixed)
    }

    private static func mixesBitOperators(_ line: String) -> Bool {
        var rest = line.replacing(/"[^"]*"/, with: "text")
        while true {
            let group = rest.firstMatch(of: /[(\[{][^()\[\]{}]*[)\]}]/)
            let text = group.map { String($0.output) } ?? rest
            let found = Set(["|", "^", "&", "<<", ">>"].filter { text.contains(" \($0) ") })
            if found.count > 1 { return true }
            guard let group else { return false }
            rest.replaceSubrange(group.range, with: "group")
        }
    }
}
