internal import Certificates

/// The bytes of one generation on disk.
///
/// Magic (8), format version (4), generation (8), payload count (4), SHA-256 over all of these and the payload (32),
/// payload; numbers are big-endian. Later versions keep this head, so that damage can be distinguished from a newer
/// version.
enum StateRecord {
    static let newestVersion: UInt32 = 1
    static let headCount = 8 + 4 + 8 + 4 + 32
    private static let magic = Array("opampst\n".utf8)

    /// What a file turned out to be.
    enum Reading {
        case valid(payload: [UInt8], generation: UInt64)
        case newer(version: UInt32)
        case damaged
    }

    static func encode(_ payload: [UInt8], generation: UInt64) -> [UInt8] {
        let head = magic + bytes(newestVersion) + bytes(generation) + bytes(UInt32(payload.count))
        return head + Digest.sha256(head + payload) + payload
    }

    static func read(_ bytes: [UInt8]) -> Reading {
        guard bytes.count >= headCount, bytes.starts(with: magic) else { return .damaged }
        let (head, digest, payload) = (bytes[..<24], bytes[24..<headCount], bytes[headCount...])
        guard number(head[20..<24]) == payload.count, Digest.sha256(Array(head + payload)) == Array(digest) else {
            return .damaged
        }
        let version = UInt32(truncatingIfNeeded: number(head[8..<12]))
        guard version >= 1 else { return .damaged }
        guard version <= newestVersion else { return .newer(version: version) }
        let generation = number(head[12..<20])
        // The first is 1, and there is always a next.
        guard generation > 0, generation < .max else { return .damaged }
        return .valid(payload: Array(payload), generation: generation)
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        stride(from: number.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { ($0 << 8) | UInt64($1) } }
}
