import Foundation
import ServerAPI
import Vocabulary

/// The search for the drill's secrets in everything that is written down or shown.
struct SecretSearch: Hashable, Sendable {
    var canaries = 0
    var texts = 0
    /// `what in where`; never the secret itself.
    var leaks: [String] = []

    /// What somebody outside can read.
    struct Text: Sendable {
        var place: String
        var bytes: [UInt8]

        static func log(_ file: String, _ bytes: [UInt8]) -> Text { Text(place: file, bytes: bytes) }

        static func errorAnswer(of server: String, _ text: String) -> Text {
            Text(place: "an error answer of \(server)", bytes: Array(text.utf8))
        }

        static func metrics(of server: String, _ text: String) -> Text {
            Text(place: "the metrics of \(server)", bytes: Array(text.utf8))
        }

        static func audit(of server: String, _ entries: [AuditEvent]) throws -> Text {
            Text(place: "the audit of \(server)", bytes: Array(try JSONEncoder().encode(entries)))
        }
    }
}

extension SecretSearch {
    init(for canaries: Canaries, in texts: [Text]) {
        self.init(canaries: canaries.count, texts: texts.count)
        let needles = Needles(canaries)
        for text in texts { leaks += needles.found(in: text.bytes).map { "\($0) in \(text.place)" } }
    }
}

/// All forms of all canaries, found in one pass.
private struct Needles {
    private struct Needle {
        var what: String
        var bytes: [UInt8]
    }

    /// By their first eight bytes.
    private var byHead: [UInt64: [Needle]] = [:]
    private static let head = 8

    init(_ canaries: Canaries) {
        for mark in canaries.marks {
            for form in SecretForms.all(of: mark.bytes) where form.count >= Self.head {
                let head = form[..<Self.head].reduce(UInt64(0)) { ($0 << 8) | UInt64($1) }
                byHead[head, default: []].append(Needle(what: mark.what, bytes: form))
            }
        }
    }

    /// The names of those that are in the text, as it is or under an escape.
    func found(in text: [UInt8]) -> [String] {
        Set(SecretForms.readings(of: text).flatMap { heads(in: $0) }).sorted()
    }

    private func heads(in text: [UInt8]) -> Set<String> {
        var (found, window): (Set<String>, UInt64) = ([], 0)
        for (index, byte) in text.enumerated() {
            window = (window << 8) | UInt64(byte)
            guard index >= Self.head - 1, let candidates = byHead[window] else { continue }
            let rest = text[(index + 1 - Self.head)...]
            for needle in candidates where rest.starts(with: needle.bytes) { found.insert(needle.what) }
        }
        return found
    }
}

/// The ways in which bytes are written down by programs that mean no harm.
enum SecretForms {
    /// As they are, in hexadecimal, and in base64 at any of the three places at which a longer text may hold them.
    static func all(of bytes: [UInt8]) -> Set<[UInt8]> {
        let hex = Hex.encode(bytes)
        var forms: Set<[UInt8]> = [bytes, Array(hex.utf8), Array(hex.uppercased().utf8)]
        for shift in 0..<3 {
            // The digits at both ends also depend on what stands beside; they are left out.
            let text = Base64URL.encode([UInt8](repeating: 0, count: shift) + bytes)
            let known = Array(text.utf8)[(shift * 8 + 5) / 6..<(shift + bytes.count) * 8 / 6]
            forms.insert(Array(known))
            forms.insert(known.map { standardDigits[$0] ?? $0 })
        }
        return forms
    }

    /// base64 differs from base64url in two digits.
    private static let standardDigits = [
        UInt8(ascii: "-"): UInt8(ascii: "+"), UInt8(ascii: "_"): UInt8(ascii: "/"),
    ]

    /// The text, and what it says once the escapes of JSON and of URLs are undone, also one within the other.
    static func readings(of text: [UInt8]) -> [[UInt8]] {
        var (readings, latest): ([[UInt8]], [[UInt8]]) = ([text], [text])
        for _ in 0..<3 {
            latest = latest.flatMap { [withoutJSONEscapes($0), withoutPercents($0)] }.filter { !readings.contains($0) }
            readings += latest
        }
        return readings
    }

    private static func withoutJSONEscapes(_ text: [UInt8]) -> [UInt8] {
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "/"): UInt8(ascii: "/"),
            UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        ]
        return replacing(UInt8(ascii: "\\"), in: text) { rest in
            guard let next = rest.dropFirst().first else { return nil }
            if let byte = simple[next] { return (byte, 2) }
            guard next == UInt8(ascii: "u"), let code = number(rest.dropFirst(2).prefix(4), digits: 4), code < 0x80
            else { return nil }
            return (UInt8(code), 6)
        }
    }

    private static func withoutPercents(_ text: [UInt8]) -> [UInt8] {
        replacing(UInt8(ascii: "%"), in: text) { rest in
            number(rest.dropFirst().prefix(2), digits: 2).map { (UInt8($0), 3) }
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>, digits count: Int) -> Int? {
        digits.count == count ? Int(String(decoding: digits, as: UTF8.self), radix: 16) : nil
    }

    /// - Parameter read: what stands for the bytes at the mark, and how many they are.
    private static func replacing(
        _ mark: UInt8, in text: [UInt8], by read: (ArraySlice<UInt8>) -> (byte: UInt8, length: Int)?
    ) -> [UInt8] {
        guard text.contains(mark) else { return text }
        var (output, index): ([UInt8], Int) = ([], 0)
        output.reserveCapacity(text.count)
        while index < text.count {
            if text[index] == mark, let (byte, length) = read(text[index...]) {
                output.append(byte)
                index += length
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }
}
