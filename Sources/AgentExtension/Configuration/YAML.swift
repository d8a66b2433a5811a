/// A YAML document as a configuration file uses it: scalars stay text until somebody says what they mean, and
/// everything knows its line, so that a mistake can be pointed at.
package struct YAML: Equatable {
    enum Content: Equatable {
        /// `isPlain` is false for quoted text, which is never `null`, a number or a truth value.
        case scalar(String, isPlain: Bool)
        case sequence([YAML])
        case mapping([Entry])
    }

    struct Entry: Equatable {
        let key: String
        let line: Int
        let value: YAML
    }

    let content: Content
    /// Counted from 1.
    let line: Int

    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }
}

/// Why a file is not the YAML we read. Lines and columns are counted from 1.
package enum YAMLRefusal: Error, Equatable {
    case tooLarge(bytes: Int, limit: Int)
    case notUTF8(line: Int)
    case syntax(line: Int, column: Int, problem: String)
    case tooDeep(line: Int, limit: Int)
    case anchorAliasOrTag(line: Int)
    case duplicateKey(String, line: Int)
    case keyNotText(line: Int)
    case severalDocuments(line: Int)

    var reason: String {
        switch self {
        case .tooLarge(let bytes, let limit): "it has \(bytes) bytes; at most \(limit) are read"
        case .notUTF8(let line): "line \(line): a character is not in UTF-8"
        case .syntax(let line, let column, let problem): "line \(line), column \(column): \(problem)"
        case .tooDeep(let line, let limit): "line \(line): nested deeper than \(limit) levels"
        case .anchorAliasOrTag(let line): "line \(line): anchors, aliases and tags are not read"
        case .duplicateKey(let key, let line): "line \(line): the key '\(key)' stands here a second time"
        case .keyNotText(let line): "line \(line): a key must be plain text"
        case .severalDocuments(let line): "line \(line): a second document begins; only one is read"
        }
    }
}
