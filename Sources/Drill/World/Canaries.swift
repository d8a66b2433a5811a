import Vocabulary

/// Every secret that a drill has seen, to be looked for where no secret may be.
struct Canaries: Sendable {
    private var marks: [(what: String, text: String)] = []

    /// A secret in plain text. Its longest runs of letters and digits are looked for as well, so that one printed
    /// without its prefix, or cut in two, is found.
    mutating func add(_ what: String, _ secret: Secret) {
        let text = secret.revealText()
        let runs = text.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.filter { $0.count >= 20 }
        for mark in Set([text] + runs.map { String($0) }) where mark.count >= 16 {
            marks.append((what, mark))
        }
    }

    /// A key in PEM: every full line between the delimiters is a mark of its own.
    mutating func add(_ what: String, keyPEM: [UInt8]) {
        let lines = String(decoding: keyPEM, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-") }
        for line in lines where line.count >= 40 { marks.append((what, String(line))) }
    }

    var count: Int { Set(marks.map(\.what)).count }

    /// What of them is in `text`; the secrets are named, never shown.
    func found(in text: String) -> [String] {
        Set(marks.filter { text.contains($0.text) }.map(\.what)).sorted()
    }
}
