import Vocabulary

/// Makes gzip by hand: one DEFLATE block of fixed codes that repeats a zero.
enum Gzip {
    /// - Parameter hasChecksum: false for what is not meant to be read to its end.
    static func zeros(_ count: Int, hasChecksum: Bool = true) -> [UInt8] {
        var bits = BitWriter()
        bits.write(0b1, 1)
        bits.write(0b01, 2)
        var left = count
        // Literal 0 is code 0x30 of 8 bits; length 258 is code 0xC5 of 8 bits, distance 1 five zero bits.
        func literal() { bits.writeCode(0x30, 8) }
        literal()
        left -= 1
        while left >= 258 {
            bits.writeCode(0xC5, 8)
            bits.writeCode(0, 5)
            left -= 258
        }
        for _ in 0..<left { literal() }
        bits.writeCode(0, 7)
        let crc = hasChecksum ? CRC32.checksum(repeatElement(UInt8(0), count: count)) : 0
        let trailer = [crc, UInt32(truncatingIfNeeded: count)].flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
        }
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + bits.bytes + trailer
    }

    private struct BitWriter {
        var bytes: [UInt8] = []
        private var used = 8

        mutating func write(_ value: Int, _ count: Int) {
            for index in 0..<count { append(value >> index & 1) }
        }

        /// Huffman codes go most significant bit first.
        mutating func writeCode(_ value: Int, _ count: Int) {
            for index in (0..<count).reversed() { append(value >> index & 1) }
        }

        private mutating func append(_ bit: Int) {
            if used == 8 {
                bytes.append(0)
                used = 0
            }
            bytes[bytes.count - 1] |= UInt8(bit) << UInt8(used)
            used += 1
        }
    }
}
