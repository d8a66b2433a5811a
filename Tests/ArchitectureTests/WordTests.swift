import Foundation
import Testing

/// The field's terms for things that once had names of our own.
@Suite struct WordTests {
    /// Parts of a camelCase name, in lower case, and what to write.
    static let parts: [String: String] = [
        "knock": "ConnectionRequest, connect",
        "desk": "service",
        "letter": "OutboxMessage, notice",
        "bell": "wakeup",
        "kin": "records(ofLeaf:)",
        "namesake": "agents(withInstanceUID:)",
        "farewell": "CloseRequest",
        "patience": "timeout",
        "door": "endpoint, entrance, listener",
    ]
    /// Names as a whole, in lower case.
    static let names: [String: String] = [
        "face": "identity",
        "visitingcard": "inspectionCommands",
        "trustnews": "TrustAnnouncement",
    ]
    /// Names of the standard library.
    static let foreign: Set<String> = ["isletter"]

    /// As written here, or with a capital, as whole words.
    static let texts: [String: String] = [
        "has the say": "takes precedence",
        "takes leave": "disconnects",
        "had its day": "has expired",
        "comes by": "arrives through",
        "in earnest": "in production",
        "whoever": "the caller, the reader, the host: name it",
        "mend": "correct, repair, replace: name the command",
        "good for nothing": "has already been used",
        "the leaf before": "the previous leaf",
        "Of the peer": "for peer NAME, peer NAME",
        "longer than nothing": "greater than zero",
        "will not have": "rejects",
    ]

    @Test(arguments: ["Sources", "Tests", "Benchmarks"])
    func `names are the field's terms`(folder: String) {
        for file in SourceTree.swiftFiles(below: folder) {
            for finding in Self.names(in: file) { Issue.record("\(finding)") }
        }
    }

    @Test func `texts in Sources are plain English`() {
        for file in SourceTree.swiftFiles(below: "Sources") {
            for finding in Self.texts(in: file) { Issue.record("\(finding)") }
        }
    }

    @Test(arguments: [
        "let desk = 1", "func knock(at: Int)", "struct TrustNews {}", "var openDoors: Int", "case letters(Int)",
        "let face = 1", "f(\"at \\(desk.name) of it\")", "visitingCard()", "enum HTTPDoor {}",
    ])
    func `a retired name is found`(line: String) {
        #expect(Self.names(in: Self.file(line)).count == 1)
    }

    @Test(arguments: [
        "if $0.isLetter {}", "let kind = 1", "var surface = 2", "let interface = 3", "f(\"a door and a desk\")",
        "/// A desk.", "let a = 1 // desk", "let indoor = 1", "bellow()",
    ])
    func `another name is not`(line: String) {
        #expect(Self.names(in: Self.file(line)).isEmpty)
    }

    @Test(arguments: texts.keys.sorted())
    func `a retired text is found in a string, not in code or a comment`(text: String) {
        let capitalised = text.prefix(1).uppercased() + text.dropFirst()
        for said in [text, capitalised, "It \(text) it", "it \(text)."] {
            #expect(Self.texts(in: Self.file("f(\"\(said)\", 1)")).count == 1, "\(said)")
            #expect(Self.texts(in: Self.file("f(\"\\(name) \(said)\")")).count == 1, "\(said)")
            #expect(Self.texts(in: Self.file("\"\"\"", "    \(said)", "\"\"\"")).count == 1, "\(said)")
        }
        #expect(Self.texts(in: Self.file("// \"\(text)\"", "f(\"a\") // \(text)", "mend(1)")).isEmpty)
    }

    @Test func `a word that only contains a retired one is not found`() {
        #expect(Self.texts(in: Self.file("f(\"Recommend, amend and mending\")")).isEmpty)
    }

    // MARK: The rules

    private static func file(_ lines: String...) -> SourceFile {
        SourceFile(path: "Sources/Example.swift", lines: lines.map { $0[...] })
    }

    private static func names(in file: SourceFile) -> [String] {
        CodeParts.lines(of: file).flatMap { number, parts in
            parts.names.compactMap { name in
                instead(of: name).map { "\(file.path):\(number): \(name) -> \($0)" }
            }
        }
    }

    private static func instead(of name: String) -> String? {
        let whole = name.lowercased()
        if foreign.contains(whole) { return nil }
        if let instead = names[whole] { return instead }
        return words(of: name).lazy.compactMap { word in
            parts[word] ?? (word.hasSuffix("s") ? parts[String(word.dropLast())] : nil)
        }.first
    }

    /// `openHTTPDoors` is `open`, `http`, `doors`.
    private static func words(of name: String) -> [String] {
        var words: [String] = []
        var rest = name[...]
        while let first = rest.first {
            let capitals = rest.prefix(while: \.isUppercase)
            // The last of several capitals begins the next word.
            let isAcronym = capitals.count > 1
            let tail = rest.dropFirst(capitals.count).prefix(while: \.isLowercase)
            let length =
                switch (isAcronym, tail.isEmpty) {
                case (true, false): capitals.count - 1
                case (true, true): capitals.count
                case (false, _): max(1, capitals.count + tail.count)
                }
            if first.isLetter { words.append(rest.prefix(length).lowercased()) }
            rest = rest.dropFirst(length)
        }
        return words
    }

    private static func texts(in file: SourceFile) -> [String] {
        CodeParts.lines(of: file).flatMap { number, parts in
            texts.sorted { $0.key < $1.key }.compactMap { text, instead in
                let pattern = "\\b(\(text)|\(text.prefix(1).uppercased() + text.dropFirst()))\\b"
                let isThere = parts.strings.contains { $0.range(of: pattern, options: .regularExpression) != nil }
                return isThere ? "\(file.path):\(number): \"\(text)\" -> \(instead)" : nil
            }
        }
    }
}

/// The names of one line of code, and what stands in its string literals.
private struct CodeParts {
    var names: [String] = []
    var strings: [String] = []

    static func lines(of file: SourceFile) -> [(number: Int, parts: CodeParts)] {
        var isInText = false
        return file.lines.enumerated().map { index, line in
            let marks = line.components(separatedBy: "\"\"\"").count - 1
            defer { if !marks.isMultiple(of: 2) { isInText.toggle() } }
            if isInText, marks == 0 {
                var parts = CodeParts()
                var rest = line
                while !rest.isEmpty { rest = parts.read(string: rest) }
                return (index + 1, parts)
            }
            var parts = CodeParts()
            parts.read(code: line)
            return (index + 1, parts)
        }
    }

    /// - Returns: what follows the code: at its end, or behind the parenthesis that closes an interpolation.
    @discardableResult
    private mutating func read(code: Substring, isInterpolation: Bool = false) -> Substring {
        var rest = code
        var depth = 0
        while let first = rest.first {
            if rest.hasPrefix("//") { return "" }
            if rest.hasPrefix("\"\"\"") {
                rest = rest.dropFirst(3)
            } else if first == "\"" {
                rest = read(string: rest.dropFirst())
            } else if first.isLetter || first == "_" {
                let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                names.append(String(name))
                rest = rest.dropFirst(name.count)
            } else {
                if first == "(" { depth += 1 }
                if first == ")" { depth -= 1 }
                rest = rest.dropFirst()
                if isInterpolation, depth < 0 { return rest }
            }
        }
        return rest
    }

    /// - Returns: what follows the closing quotation mark, or nothing when the line ends first.
    @discardableResult
    private mutating func read(string: Substring) -> Substring {
        var text = ""
        var rest = string
        while let first = rest.first, first != "\"" {
            if rest.hasPrefix("\\(") {
                rest = read(code: rest.dropFirst(2), isInterpolation: true)
                text += "…"
            } else if first == "\\" {
                rest = rest.dropFirst(2)
            } else {
                text.append(first)
                rest = rest.dropFirst()
            }
        }
        strings.append(text)
        return rest.dropFirst()
    }
}
