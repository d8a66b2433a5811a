import Vocabulary

/// One mapping of the configuration file, whose keys are all known.
struct ConfigurationSection {
    struct Value<Content> {
        let content: Content
        let line: Int
    }

    /// Dotted, empty for the whole file.
    let path: String
    let line: Int
    private let entries: [YAML.Entry]

    /// - Parameter keys: all there are; anything else is refused with the nearest of them.
    init(_ yaml: YAML, path: String, keys: [String]) throws(ConfigurationRefusal) {
        self.path = path
        line = yaml.line
        guard case .mapping(let entries) = yaml.content else {
            guard yaml.isNull else { throw .wrongForm(path, line: yaml.line, expected: "a mapping") }
            self.entries = []
            return
        }
        self.entries = entries.filter { !$0.value.isNull }
        for entry in entries where !keys.contains(entry.key) {
            let nearest = keys.nearest(to: entry.key).map(name)
            throw .unknownKey(name(String(entry.key.prefix(80))), line: entry.line, nearest: nearest)
        }
    }

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func contains(_ key: String) -> Bool { entry(key) != nil }

    func section(_ key: String, keys: [String]) throws(ConfigurationRefusal) -> ConfigurationSection? {
        guard let entry = entry(key) else { return nil }
        return try ConfigurationSection(entry.value, path: name(key), keys: keys)
    }

    func text(_ key: String) throws(ConfigurationRefusal) -> Value<String>? {
        guard let entry = entry(key) else { return nil }
        guard case .scalar(let text, _) = entry.value.content, !text.isEmpty else {
            throw .wrongForm(name(key), line: entry.line, expected: "text")
        }
        return Value(content: text, line: entry.line)
    }

    /// Reads text into a value.
    ///
    /// - Parameter expected: what stands in the refusal when `read` gives nothing.
    func value<Content>(
        _ key: String, expected: String, _ read: (String) -> Content?
    ) throws(ConfigurationRefusal) -> Content? {
        guard let text = try text(key) else { return nil }
        guard let content = read(text.content) else {
            throw .wrongForm(name(key), line: text.line, expected: expected)
        }
        return content
    }

    func bool(_ key: String) throws(ConfigurationRefusal) -> Bool? {
        try value(key, expected: "true or false") { ["true": true, "false": false][$0] }
    }

    func duration(
        _ key: String, in range: ClosedRange<Duration>
    ) throws(ConfigurationRefusal) -> Duration? {
        let bounds = "\(DurationText.write(range.lowerBound)) to \(DurationText.write(range.upperBound))"
        return try value(key, expected: "a duration such as 30s or 5m, from \(bounds)") { text in
            DurationText.read(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func size(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationRefusal) -> Int? {
        try value(
            key, expected: "a size such as 64MiB, from \(range.lowerBound >> 10)KiB to \(range.upperBound >> 20)MiB"
        ) {
            SizeText.read($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func texts(_ key: String) throws(ConfigurationRefusal) -> [Value<String>]? {
        guard let entry = entry(key) else { return nil }
        guard case .sequence(let items) = entry.value.content else {
            throw .wrongForm(name(key), line: entry.line, expected: "a list")
        }
        var values: [Value<String>] = []
        for item in items {
            guard case .scalar(let text, _) = item.content else {
                throw .wrongForm(name(key), line: item.line, expected: "a list of text")
            }
            values.append(Value(content: text, line: item.line))
        }
        return values
    }

    /// A mapping whose keys are the operator's own.
    func pairs(_ key: String) throws(ConfigurationRefusal) -> [(key: String, value: YAML)] {
        guard let entry = entry(key) else { return [] }
        guard case .mapping(let entries) = entry.value.content else {
            throw .wrongForm(name(key), line: entry.line, expected: "a mapping")
        }
        return entries.map { ($0.key, $0.value) }
    }

    func line(of key: String) -> Int { entry(key)?.line ?? line }

    private func entry(_ key: String) -> YAML.Entry? { entries.first { $0.key == key } }
}

extension [String] {
    /// The one that differs least, if it differs little.
    func nearest(to word: String) -> String? {
        map { ($0, distance(from: Array<Character>(word.lowercased()), to: Array<Character>($0))) }
            .min { $0.1 < $1.1 }
            .flatMap { $0.1 <= Swift.max(2, word.count / 3) ? $0.0 : nil }
    }

    /// Levenshtein's: insertions, deletions and replacements.
    private func distance(from left: [Character], to right: [Character]) -> Int {
        var row = Array<Int>(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (character == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
