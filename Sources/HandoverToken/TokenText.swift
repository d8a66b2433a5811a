import Vocabulary

/// The text form of a handover token, `opamp-ho.<jws>.<crc>`: made to be copied by people.
///
/// The checksum, CRC-32 over everything before the last dot, tells a damaged paste from a forged token. It proves
/// nothing else.
enum TokenText {
    private static let prefix = "opamp-ho"

    static func armoured(_ jws: String) -> String {
        let text = prefix + "." + jws
        return text + "." + checksum(of: text)
    }

    /// The three parts of the JWS, after size, shape and checksum have been found right.
    static func parts(of text: String) throws(EnvelopeRefusal) -> [Substring] {
        guard text.hasPrefix(prefix + ".") else { throw .malformed(.noPrefix) }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 5 else { throw .malformed(.parts(parts.count)) }
        guard parts[4].utf8.count == 8, Hex.decode(String(parts[4])) != nil else { throw .malformed(.checksumForm) }
        guard parts[1...3].allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isBase64URLCharacter) }) else {
            throw .malformed(.encoding)
        }
        guard parts[4] == checksum(of: text[..<parts[3].endIndex]) else { throw .badChecksum }
        return Array(parts[1...3])
    }

    /// Takes out the white space and line breaks of a paste. A byte order mark, a zero-width or a no-break space is
    /// named and refused rather than removed: a text that needs guessing is copied again.
    static func unwrapped(_ paste: String) throws(EnvelopeRefusal) -> String {
        // A paste broken after every third character still fits; a text of many megabytes is not even scanned.
        guard paste.utf8.count <= 2 * Limits.tokenBytes else { throw .tooLarge(limit: Limits.tokenBytes) }
        let kept = paste.utf8.filter { !isSpace($0) }
        guard kept.count <= Limits.tokenBytes else { throw .tooLarge(limit: Limits.tokenBytes) }
        if let foreign = paste.unicodeScalars.first(where: { !isTokenCharacter($0) }) {
            throw .malformed(.foreignCharacter(foreign))
        }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func checksum(of text: some StringProtocol) -> String {
        let crc = CRC32.checksum(text.utf8)
        return Hex.encode([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: crc >> $0) })
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isTokenCharacter(_ scalar: Unicode.Scalar) -> Bool {
        (0x20...0x7E).contains(scalar.value) || (0x09...0x0D).contains(scalar.value)
    }

    private static func isBase64URLCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
