import OpAMPProto

extension Rule {
    /// - Throws: `RecorderFailure.badRule`, which says what is wrong.
    package init(_ text: String) throws(RecorderFailure) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        func refused(_ why: String) -> RecorderFailure { .badRule(text, why: why) }
        guard words.count >= 3 else { throw refused("it needs a direction, a message and an action") }
        guard let direction = MessageDirection(rawValue: words[0]) else {
            throw refused("the direction is agent-to-server or server-to-agent, not \(words[0])")
        }
        guard let (target, number) = Self.target(words[1]) else {
            throw refused(
                "a message is a number, any, upgrade, FIELD or FIELD=VALUE, and @NUMBER may follow it")
        }
        guard let action = Self.action(Array(words[2...])) else {
            throw refused("an action is delay TIME, cut, duplicate, corrupt or status CODE, a TIME is 250ms or 2s")
        }
        if case .status = action, direction != .agentToServer { throw refused("a status is the answer to an agent") }
        if target == .upgrade {
            guard direction == .agentToServer else { throw refused("an agent asks for an upgrade") }
            guard action != .duplicate, action != .corrupt else {
                throw refused("an upgrade can be delayed, cut or answered with a status")
            }
        }
        self.init(
            text: words.joined(separator: " "), direction: direction, target: target, number: number, action: action)
    }

    /// The rules of a file, one in a line; empty lines and lines that begin with `#` are passed over.
    package static func read(_ file: String) throws(RecorderFailure) -> [Rule] {
        var rules: [Rule] = []
        for line in file.split(whereSeparator: \.isNewline) {
            let line = String(line.drop(while: \.isWhitespace))
            if !line.isEmpty, !line.hasPrefix("#") { rules.append(try Rule(line)) }
        }
        return rules
    }

    private static func target(_ word: String) -> (Target, Int?)? {
        if let number = count(word) { return (.any, number) }
        var (name, number) = (word, Int?.none)
        if let at = word.lastIndex(of: "@"), let found = count(String(word[word.index(after: at)...])) {
            (name, number) = (String(word[..<at]), found)
        }
        switch name {
        case "any": return (.any, number)
        case "upgrade": return (.upgrade, number)
        default: break
        }
        let parts = name.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let isPath = path.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "#") || isWord($0) }
        }
        guard isPath, Int(name) == nil else { return nil }
        return (.field(path, value: parts.count == 2 ? String(parts[1]) : nil), number)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func count(_ text: String) -> Int? {
        text.allSatisfy(\.isNumber) ? Int(text).flatMap { $0 > 0 ? $0 : nil } : nil
    }

    private static func action(_ words: [String]) -> Action? {
        switch (words[0], words.count) {
        case ("cut", 1): return .cut
        case ("duplicate", 1): return .duplicate
        case ("corrupt", 1): return .corrupt
        case ("delay", 2): return time(words[1]).map { .delay($0) }
        case ("status", 2): return Int(words[1]).flatMap { (200...599).contains($0) ? .status($0) : nil }
        default: return nil
        }
    }

    private static func time(_ text: String) -> Duration? {
        if text.hasSuffix("ms") { return Int(text.dropLast(2)).flatMap { $0 >= 0 ? .milliseconds($0) : nil } }
        guard text.hasSuffix("s") else { return nil }
        return Int(text.dropLast()).flatMap { (0...86_400).contains($0) ? .seconds($0) : nil }
    }
}
