/// SHA-256 over a certificate's DER: what an agent *is* to a server.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// `nil` unless there are exactly 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads 64 lower-case hexadecimal digits.
    public init?(_ hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Reads the `x5t#S256` form (RFC 7515 section 4.1.8, RFC 8705 section 3.1).
    public init?(x5tS256 text: String) {
        guard let bytes = Base64URL.decode(text) else { return nil }
        self.init(bytes: bytes)
    }

    /// Lower-case hexadecimal, the form of text and JSON.
    public var description: String { Hex.encode(bytes) }

    /// base64url, the form inside a token.
    public var x5tS256: String { Base64URL.encode(bytes) }
}
