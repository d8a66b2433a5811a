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
    /// The key is of another kind than the one place takes: P-256 for what is issued or signed here.
    case unsupportedKey(Material, PublicKey.Algorithm, accepted: KeyPolicy)
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

    /// The same, said of the block that begins on this line of a PEM text.
    func inBlock(at line: Int) -> CertificateFailure {
        guard case .unreadable(let material, let reasons) = self else { return self }
        return .pem(.unreadableBlock(material, line: line, reasons: reasons))
    }
}

/// Why a PEM text is not accepted. Lines count from 1; that of a block is its `BEGIN` line.
public enum PEMRefusal: Error, Hashable, Sendable {
    case tooLarge(bytes: Int, limit: Int)
    /// A private key stands where only public things belong. The text is not repeated anywhere.
    case privateKeyInside(line: Int)
    /// The wanted private key is encrypted: PKCS#8, or the header of RFC 1421 in an older format.
    case encryptedKey(line: Int)
    /// OpenSSL's certificate with trust settings, which nothing here evaluates.
    case trustedCertificate(line: Int)
    case unexpectedBlock(label: String, line: Int)
    /// - found: the labels of the blocks that stand there instead.
    case nothingInside(expected: String, found: [String])
    case tooMany(limit: Int)
    /// A `BEGIN` or `END` line that is damaged, or not alone on its line.
    case brokenBoundary(line: Int)
    case unfinishedBlock(line: Int)
    case notBase64(line: Int)
    /// The block is whole; its content is not what the label says.
    case unreadableBlock(CertificateFailure.Material, line: Int, reasons: [String])
}
