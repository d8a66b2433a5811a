import Certificates
package import Vocabulary

/// The texts that this server hands out once and keeps only as SHA-256: `<prefix>.<base64url of 32 random bytes>`,
/// and for those that people paste, `.<crc>` (CRC-32/ISO-HDLC, 8 lower-case hex digits) over all before the last dot.
package enum Credential: String, CaseIterable, Sendable {
    case federationSecret = "opamp-fs"
    case bootstrapToken = "opamp-bs"
    case operatorToken = "opamp-pat"

    /// - Parameter random: 32 random bytes.
    package func text(random: [UInt8]) -> Secret {
        precondition(random.count == 32, "a credential takes 32 random bytes")
        let body = "\(rawValue).\(Base64URL.encode(random))"
        return Secret(hasChecksum ? "\(body).\(CRC32.text(of: body.utf8))" : body)
    }

    /// SHA-256 over a text of this kind; `nil` when it is not of this kind or not whole.
    package func digest(of text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == (hasChecksum ? 3 : 2), parts[0] == rawValue, Base64URL.decode(parts[1])?.count == 32,
            !hasChecksum || parts[2] == CRC32.text(of: "\(parts[0]).\(parts[1])".utf8)
        else { return nil }
        return Digest.sha256(Array(text.utf8))
    }

    /// Names a credential in lists and in the audit trail: the first 16 hexadecimal digits of its digest.
    package static func id(of digest: [UInt8]) -> String { String(Hex.encode(digest).prefix(16)) }

    private var hasChecksum: Bool {
        switch self {
        case .federationSecret: false
        case .bootstrapToken, .operatorToken: true
        }
    }
}
