import Vocabulary

/// The text form of a handover token, `opamp-ho.<jws>.<crc>`: made to be copied by people.
///
/// The checksum, CRC-32 over everything before the last dot, tells a damaged paste from a forged token. It proves
/// nothing else.
enum TokenText {
    private static let prefix = "opamp-ho"

    static func armoured(_ jws: String) -> String {
        let text = prefix + "." + jws
        return text + "." + CRC32.text(of: text.utf8)
    }

    /// The three parts of the JWS, after shape and checksum have been found right.
    static func parts(of text: [UInt8]) throws(EnvelopeRefusal) -> [Substring] {
        guard text.starts(with: "\(prefix).".utf8) else { throw .malformed(.noPrefix) }
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 5 else { throw .malformed(.parts(parts.count)) }
        let stated = String(decoding: parts[4], as: UTF8.self)
        guard parts[4].count == 8, Hex.decode(stated) != nil else { throw .malformed(.checksumForm) }
        for part in parts[1...3] {
            guard !part.isEmpty, isBase64URL(part) else { throw .malformed(.encoding) }
        }
        guard stated == CRC32.text(of: text[..<parts[3].endIndex]) else { throw .badChecksum }
        return parts[1...3].map { Substring(decoding: $0, as: UTF8.self) }
    }

    /// Takes out the white space and line breaks of a paste. A byte order mark, a zero-width or a no-break space is
    /// named and refused rather than removed: a text that needs guessing is copied again.
    static func unwrapped(_ paste: String) throws(EnvelopeRefusal) -> [UInt8] {
        // A paste broken after every third character still fits; a text of many megabytes is not even scanned.
        guard paste.utf8.count <= 2 * Limits.tokenBytes else { throw .tooLarge(limit: Limits.tokenBytes) }
        var kept: [UInt8] = []
        kept.reserveCapacity(paste.utf8.count)
        var isPlain = true
        for byte in paste.utf8 {
            switch byte {
            case 0x20, 0x09...0x0D: continue
            case 0x21...0x7E: kept.append(byte)
            default:
                isPlain = false
                kept.append(byte)
            }
        }
        guard kept.count <= Limits.tokenBytes else { throw .tooLarge(limit: Limits.tokenBytes) }
        if !isPlain, let foreign = paste.unicodeScalars.first(where: { !isPlainScalar($0) }) {
            throw .malformed(.foreignCharacter(foreign))
        }
        return kept
    }

    private static func isPlainScalar(_ scalar: Unicode.Scalar) -> Bool {
        (0x20...0x7E).contains(scalar.value) || (0x09...0x0D).contains(scalar.value)
    }

    private static func isBase64URL(_ text: ArraySlice<UInt8>) -> Bool {
        for byte in text {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                continue
            default: return false
            }
        }
        return true
    }
}
