import Vocabulary

/// The names of a set's files. A server chooses them, so they are names and nothing else.
enum ConfigurationFileName {
    static let longest = 255

    static func check(_ name: String) throws(ConfigurationRejection) {
        guard let problem = problem(of: name) else { return }
        throw ConfigurationRejection("the file name \"\(name.printable(upTo: 64))\" \(problem)")
    }

    private static func problem(of name: String) -> String? {
        if name.isEmpty { return "is empty, and the files of a directory need names" }
        if name.utf8.count > longest { return "is longer than \(longest) bytes" }
        if name.hasPrefix(".") { return "begins with a dot" }
        if name.contains(where: { $0 == "/" || $0 == "\\" }) { return "contains a separator" }
        if !name.unicodeScalars.allSatisfy(\.isPrintable) { return "contains a character that does not print" }
        return nil
    }
}
