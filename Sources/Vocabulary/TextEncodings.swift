/// Lower-case hexadecimal, two digits a byte.
public enum Hex {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Self.digits
        var output: [UInt8] = []
        for byte in Array(bytes) {
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// Strict: an even number of lower-case digits and nothing else; `nil` otherwise.
    public static func decode(_ text: String) -> [UInt8]? {
        let utf8 = Array(text.utf8)
        guard utf8.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count / 2)
        for index in stride(from: 0, to: utf8.count, by: 2) {
            guard let high = value(utf8[index]), let low = value(utf8[index + 1]) else { return nil }
            bytes.append((high << 4) | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// base64url without padding (RFC 4648 section 5, as RFC 7515 section 2 requires it).
public enum Base64URL {
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        let input = Array(bytes)
        let alphabet = Self.alphabet
        var output: [UInt8] = []
        output.reserveCapacity((input.count * 4 + 2) / 3)
        for start in stride(from: 0, to: input.count, by: 3) {
            let count = min(3, input.count - start)
            var bits: UInt32 = 0
            for index in start..<start + count { bits = (bits << 8) | UInt32(input[index]) }
            bits <<= UInt32(8 * (3 - count))
            for position in 0...count {
                output.append(alphabet[Int((bits >> UInt32(18 - 6 * position)) & 63)])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Strict: no padding, no white space, and no set bits behind the last byte, so every value has one text.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var pending = 0
        let values = Self.values
        let characters = Array(text.utf8)
        bytes.reserveCapacity(characters.count * 3 / 4)
        for character in characters {
            guard let value = values[Int(character)] else { return nil }
            bits = (bits << 6) | UInt32(value)
            pending += 6
            if pending >= 8 {
                pending -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(pending)))
                bits &= (1 << UInt32(pending)) - 1
            }
        }
        return pending < 6 && bits == 0 ? bytes : nil
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8?] = {
        var table = [UInt8?](repeating: nil, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()
}

/// base64 with its padding (RFC 4648 section 4).
public enum Base64 {
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        let unpadded = Base64URL.encode(bytes).utf8.map { character in
            switch character {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: character
            }
        }
        let padding = [UInt8](repeating: UInt8(ascii: "="), count: (4 - unpadded.count % 4) % 4)
        return String(decoding: unpadded + padding, as: UTF8.self)
    }
}

/// CRC-32/ISO-HDLC, the checksum of gzip and PNG; it tells a truncated paste from a forged one and proves nothing.
public enum CRC32 {
    public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let table = Self.table
        var value = UInt32.max
        // Across modules a generic sequence is walked through a witness for each byte; an array is not.
        for byte in Array(bytes) { value = table[Int((value ^ UInt32(byte)) & 255)] ^ (value >> 8) }
        return ~value
    }

    /// As 8 lower-case hex digits, the end of a text that people copy.
    public static func text(of bytes: some Sequence<UInt8>) -> String {
        let value = checksum(bytes)
        return Hex.encode([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) })
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in (value & 1) == 1 ? 0xEDB8_8320 ^ (value >> 1) : (value >> 1) }
    }
}
