import Vocabulary

/// Hides secrets in text that people may read: configurations, error texts, header values.
///
/// It finds private keys in PEM, tokens of this product, JWTs, what stands behind `Bearer` or `Basic`, the user in a URL, and
/// the value behind a name such as `password`. A secret that looks like none of these stays.
package enum SecretText {
    package static let mask = "(redacted)"

    package static func masked(_ text: String) -> String {
        let lowercased = Array(text.utf8).map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
        guard markers.contains(where: { lowercased.has($0) }) else { return text }
        return withoutKeys(text).split(separator: "\n", omittingEmptySubsequences: false)
            .map { line(String($0)) }.joined(separator: "\n")
    }

    /// Parts of names whose value is a secret.
    private static let names = [
        "password", "passwd", "passphrase", "secret", "token", "api_key", "api-key", "apikey", "authorization",
        "credential", "private_key", "private-key",
    ]
    private static let schemes: Set<String> = ["bearer", "basic"]
    private static let tokens = ["opamp-ho.", "opamp-bt.", "opamp-pat.", "opamp-fs."]
    private static let markers: [[UInt8]] =
        (names + schemes.map { "\($0) " } + tokens + ["private key-----", "eyj", "@"]).map { Array($0.utf8) }

    /// A key that has no end is hidden to the end of the text.
    private static func withoutKeys(_ text: String) -> String {
        var (shown, rest) = ("", text[...])
        while let begin = rest.firstPlace(of: "-----BEGIN ") {
            let label = rest[begin.upperBound...].prefix { $0 != "-" }
            guard label.hasSuffix("PRIVATE KEY") else {
                shown += rest[..<label.endIndex]
                rest = rest[label.endIndex...]
                continue
            }
            shown += rest[..<begin.lowerBound] + mask
            let end = rest.firstPlace(of: "-----END \(label)-----")
            rest = end.map { rest[$0.upperBound...] } ?? ""
        }
        return shown + rest
    }

    private static func line(_ line: String) -> String {
        let lowercased = line.lowercased()
        // Case may change how many characters there are; then offsets mean nothing, and names are not looked for.
        if lowercased.count == line.count, let value = namedValue(in: lowercased) {
            return words(of: String(line.prefix(value))) + mask
        }
        return words(of: line)
    }

    /// Where the value of the first named secret begins.
    private static func namedValue(in line: String) -> Int? {
        names.compactMap { name -> Int? in
            var rest = line[...]
            while let found = rest.firstPlace(of: name) {
                let after = line[found.upperBound...].drop {
                    $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "\"" || $0 == "'"
                }
                let sign = after.drop { $0 == " " }
                if let first = sign.first, first == ":" || first == "=" {
                    let value = sign.dropFirst().drop { $0 == " " || $0 == "\"" || $0 == "'" }
                    if !value.isEmpty { return line.distance(from: line.startIndex, to: value.startIndex) }
                }
                rest = rest[found.upperBound...]
            }
            return nil
        }.min()
    }

    private static func words(of line: String) -> String {
        var (shown, word, scheme) = ("", "", false)
        func take() {
            guard !word.isEmpty else { return }
            shown += scheme ? mask : self.word(word)
            scheme = schemes.contains(word.lowercased())
            word = ""
        }
        for character in line {
            if character.isWhitespace || "\"'`,;()<>[]{}".contains(character) {
                take()
                shown.append(character)
            } else {
                word.append(character)
            }
        }
        take()
        return shown
    }

    private static func word(_ word: String) -> String {
        if let token = tokens.compactMap({ word.firstPlace(of: $0) }).first { return word[..<token.lowerBound] + mask }
        if word.hasPrefix("eyJ"), word.count(where: { $0 == "." }) >= 2 { return mask }
        guard let scheme = word.firstPlace(of: "://") else { return word }
        let authority = word[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let user = authority.lastIndex(of: "@") else { return word }
        return word[..<scheme.upperBound] + mask + word[user...]
    }
}
