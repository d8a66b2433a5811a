/// Why something could not be done with keys, certificates or sealed bytes.
public enum CertificateFailure: Error, Hashable, Sendable {
    /// What was being read when it turned out not to be that.
    public enum Material: String, Hashable, Sendable, CaseIterable {
        case certificate = "certificate"
        case publicKey = "public key"
        case privateKey = "private key"
        case signingRequest = "certificate signing request"
    }

    /// The bytes are not what they should be; the reasons are OpenSSL's or ours.
    case unreadable(Material, reasons: [String])
    /// The PEM text itself is not acceptable.
    case pem(PEMRefusal)
    /// The key is not on P-256, the only kind that is used or issued here.
    case unsupportedKey(Material)
    /// The request was not signed with the key it asks a certificate for.
    case requestNotSigned
    /// Certificate and private key do not belong together.
    case keyMismatch
    /// The issuing certificate is not that of a certificate authority.
    case notAnAuthority(subject: String)
    /// A subject is 1 to 64 characters without control characters.
    case invalidSubject
    /// A listener's name that is neither a host name nor an IP address; empty if no name was given.
    case invalidName(String)
    /// A serial number is 1 to 20 bytes and not zero (RFC 5280 section 4.1.2.2).
    case invalidSerial
    /// The validity ends before it begins, or lies outside what a certificate can say.
    case invalidValidity
    /// A sealing key is 32 bytes.
    case invalidSealingKey(bytes: Int)
    /// The sealed bytes are of a format this version does not know, or too short to be any.
    case unknownSeal
    /// The sealed bytes were changed, belong to another place, or were sealed with another key.
    case brokenSeal
    /// OpenSSL could not do its part.
    case library(operation: String, reasons: [String])
}

/// Why a PEM text is not accepted.
public enum PEMRefusal: Error, Hashable, Sendable {
    case tooLarge(bytes: Int, limit: Int)
    /// A private key stands where only public things belong. The text is not repeated anywhere.
    case privateKeyInside
    case unexpectedBlock(label: String)
    case nothingInside(expected: String)
    case tooMany(limit: Int)
    /// Text outside of a block that is neither white space nor a `#` comment.
    case strayText(line: Int)
    /// A block without end, or whose inside is not base64.
    case damagedBlock(line: Int)
}
