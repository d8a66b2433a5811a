import Foundation
import Vocabulary

/// Every secret that a drill has seen, to be looked for where no secret may be.
struct Canaries: Sendable {
    /// One run of bytes that gives a secret away.
    struct Mark: Hashable, Sendable {
        var what: String
        var bytes: [UInt8]
    }

    private(set) var marks: Set<Mark> = []

    /// Shorter ones are found by chance.
    private static let shortest = 16

    /// A secret in plain text. Its longest runs of letters and digits are looked for as well, so that one printed
    /// without its prefix, or cut in two, is found.
    mutating func add(_ what: String, _ secret: Secret) {
        let text = secret.revealText()
        let runs = text.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.filter { $0.count >= 20 }
        for mark in Set([text] + runs.map { String($0) }) { add(what, bytes: Array(mark.utf8)) }
        for part in text.split(separator: ".") {
            if let random = Base64URL.decode(part), random.count == 32 { add(what, bytes: random) }
        }
    }

    /// A secret that is bytes and not text.
    mutating func add(_ what: String, bytes: [UInt8]) {
        if bytes.count >= Self.shortest { marks.insert(Mark(what: what, bytes: bytes)) }
    }

    /// A private key in PEM: its number on the curve, and every full line that holds a part of it.
    ///
    /// The rest of such a file is the public key, which may be shown.
    mutating func add(_ what: String, keyPEM: [UInt8]) {
        let lines = String(decoding: keyPEM, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-") }
        let der = Data(base64Encoded: lines.joined()).map { Array($0) } ?? []
        let number = Self.number(in: der)
        if let number { add(what, bytes: Array(der[number])) }
        var position = 0
        for line in lines {
            let held = position..<position + line.count * 3 / 4
            position = held.upperBound
            // A line that only touches the number shares too little of it, and too much with everybody's keys.
            let overlap = number.map { $0.clamped(to: held).count } ?? held.count
            if overlap * 4 / 3 >= Self.shortest, line.count >= 40 { add(what, bytes: Array(line.utf8)) }
        }
    }

    /// `version 1, OCTET STRING of 32 bytes` of RFC 5915, which is also what a PKCS #8 file of P-256 contains.
    private static func number(in der: [UInt8]) -> Range<Int>? {
        let head: [UInt8] = [0x02, 0x01, 0x01, 0x04, 0x20]
        return der.indices.first { der[$0...].starts(with: head) }
            .map { $0 + head.count..<min(der.count, $0 + head.count + 32) }
    }

    var count: Int { Set(marks.map(\.what)).count }
}
