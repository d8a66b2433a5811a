/// A certificate authority that can sign: its certificate and the key that belongs to it.
public struct Issuer: Sendable {
    public let certificate: Certificate
    private let key: PrivateKey

    /// - Throws: `CertificateFailure.notAnAuthority` or `.keyMismatch`.
    public init(certificate: Certificate, key: PrivateKey) throws(CertificateFailure) {
        guard certificate.isCA else { throw .notAnAuthority(subject: certificate.subject) }
        guard certificate.publicKey == key.publicKey else { throw .keyMismatch }
        self.certificate = certificate
        self.key = key
    }

    /// The first certificate of a new authority.
    ///
    /// - Parameters:
    ///   - subject: the common name, free text of 1 to 64 characters.
    ///   - serial: 16 random bytes.
    public static func selfSigned(
        subject: String, key: PrivateKey, serial: [UInt8], validity: Validity
    ) throws(CertificateFailure) -> Certificate {
        try CertificateDraft(
            profile: .authority, subject: subject, publicKey: key.publicKey, serial: serial, validity: validity
        ).signed(by: nil, key: key)
    }

    /// ECDSA with SHA-256 over the bytes, raw r||s.
    public func signature(for bytes: [UInt8]) throws(CertificateFailure) -> [UInt8] { try key.signature(for: bytes) }

    /// Signs a certificate for someone else's public key. Nothing but the key comes from them.
    ///
    /// - Parameters:
    ///   - subject: the common name, free text of 1 to 64 characters.
    ///   - serial: 16 random bytes, never used before by this authority.
    ///   - validity: may reach beyond the authority's own; the chain then ends with the authority.
    /// - Throws: `CertificateFailure.unsupportedKey` unless the key is on P-256; `.invalidSubject`, `.invalidName`,
    ///   `.invalidSerial`, `.invalidValidity`.
    public func issue(
        _ profile: CertificateProfile, subject: String, publicKey: PublicKey, serial: [UInt8], validity: Validity
    ) throws(CertificateFailure) -> Certificate {
        try CertificateDraft(
            profile: profile, subject: subject, publicKey: publicKey, serial: serial, validity: validity
        ).signed(by: certificate, key: key)
    }
}
