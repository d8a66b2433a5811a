import Testing

@Suite struct PurityTests {
    static let pureTargets = ["Vocabulary", "HandoverToken", "AgentCore", "ServerCore", "ServerAPI"]

    /// A word, and what to do instead.
    static let impureWords: [(word: String, instead: String)] = [
        ("Date()", "take `at now: Timestamp`"), ("Clock.now", "take `at now: Timestamp`"),
        ("ContinuousClock", "take `at now: Timestamp`"), ("RandomBytes", "take the random bytes as a parameter"),
        (".random(", "take the chance as a parameter"), ("Task {", "return a directive"),
        ("Task.sleep", "return a directive"), ("Mutex", "a value needs no lock"), ("pthread", "a value needs no lock"),
        ("Logger", "return a log entry"), (" print(", "return a log entry"), ("FileManager", "return a directive"),
        ("ProcessInfo", "take it as a parameter"), ("getenv", "take it as a parameter"),
    ]

    @Test(arguments: pureTargets)
    func `a pure target has no clock, chance, task, lock, file or log`(target: String) {
        for file in SourceTree.swiftFiles(below: "Sources/\(target)") {
            for line in file.code {
                for rule in Self.impureWords where line.text.contains(rule.word) {
                    Issue.record("\(file.path):\(line.number) says `\(rule.word)`: \(rule.instead)")
                }
            }
        }
    }

    static let wrappers: Set<Substring> = [
        "OpAMPProto", "Certificates", "ClientTransport", "DurableFiles", "HostSystem",
    ]
    /// One file each, with the reason.
    static let exceptions: Set<String> = [
        // libyaml's parser is a C struct; this file turns it into Swift values.
        "Sources/AgentExtension/Configuration/YAMLParser.swift"
    ]

    @Test func `pointers live in the wrapper targets`() {
        let words = ["Unsafe", "Unmanaged", "OpaquePointer", "withUnsafe", "unsafe "]
        for file in SourceTree.swiftFiles(below: "Sources")
        where !Self.wrappers.contains(file.folder) && !Self.exceptions.contains(file.path) {
            for line in file.code where words.contains(where: line.text.contains) {
                Issue.record("\(file.path):\(line.number) handles pointers: \(line.text)")
            }
        }
    }
}
