import Vocabulary

/// One reason why a certificate is not accepted for a purpose.
public enum ChainProblem: Error, Hashable, Sendable {
    /// No anchor stands above it.
    case untrusted
    case expired(Certificate)
    case notYetValid(Certificate)
    case wrongName(host: String, names: [String])
    case noSubjectAlternativeName
    case wrongPurpose(Certificate, lacks: CertificateRight)
    /// An RSA key below 2048 bits or a curve below 224, or a signature over SHA-1 or weaker.
    case weakKey(Certificate)
    case badSignature(Certificate)
    /// More authorities in the chain than one of them allows below itself.
    case pathTooLong(Certificate)
    /// What OpenSSL says where none of the above does.
    case other(String)
}

/// What a certificate must allow for a purpose.
public enum CertificateRight: String, Hashable, Sendable, CaseIterable {
    case serverAuth = "TLS server authentication"
    case clientAuth = "TLS client authentication"
    case digitalSignature = "digital signatures"
    case certificateSigning = "signing certificates"
}
