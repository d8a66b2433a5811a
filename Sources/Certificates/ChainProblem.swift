public import Vocabulary

/// One reason why a certificate is not accepted for a purpose.
public enum ChainProblem: Error, Hashable, Sendable {
    /// No anchor stands above it.
    case untrusted
    case expired(Certificate)
    case notYetValid(Certificate)
    case wrongName(host: String, names: [String])
    case noSubjectAlternativeName
    case wrongPurpose(Certificate, lacks: CertificateRight)
    /// An RSA key below 2048 bits, a curve below 224, or a signature over SHA-1 or weaker.
    case weakKey(Certificate)
    case badSignature(Certificate)
    /// There are more authorities in the chain than this one allows below itself.
    case pathTooLong(Certificate)
    /// A server's chain does not begin with its own certificate, which stands further down.
    case leafNotFirst(Certificate)
    /// A server's chain lacks the CA certificate that issued its first one.
    case issuerMissing(Certificate)
    /// In a server's chain the certificate issued none of those before it.
    case outOfOrder(Certificate)
    /// What OpenSSL says where none of the above does.
    case other(String)
}

/// What a certificate must allow for a purpose.
public enum CertificateRight: String, Hashable, Sendable, CaseIterable {
    case serverAuth = "being a TLS server"
    case clientAuth = "being a TLS client"
    case digitalSignature = "making signatures"
    case certificateSigning = "signing certificates"
    case identifyingOneParty = "being a leaf: it is an authority's"
    /// A certificate above the leaf restricts what may stand below it.
    case thisUse = "the use it is put to"
}

extension ChainProblem: OperatorCoded {
    public typealias Code = CertificateCode

    public var words: Words {
        switch self {
        case .untrusted:
            (
                code: .untrusted, title: "The certificate is not trusted",
                cause: "The certificate does not chain to any of the trusted CA certificates.",
                nextAction: "Get the CA bundle from the other side again and compare fingerprints."
            )
        case .expired(let certificate):
            (
                code: .expired, title: "A certificate has expired",
                cause: "\(certificate.label) was valid until \(certificate.notAfter).",
                nextAction: "Renew it, and check the clocks of both hosts."
            )
        case .notYetValid(let certificate):
            (
                code: .notYetValid, title: "A certificate is not valid yet",
                cause: "\(certificate.label) is valid from \(certificate.notBefore).",
                nextAction: "Check the clocks of both hosts."
            )
        case .wrongName(let host, let names):
            (
                code: .wrongName, title: "The certificate is for another host",
                cause: "The host is \(host); the certificate names \(names.prefix(8).joined(separator: ", ")).",
                nextAction: "Use a host the certificate names, or issue one for this host."
            )
        case .noSubjectAlternativeName:
            (
                code: .noName, title: "The certificate names no host",
                cause: "It has no subject alternative name; the common name is not used.",
                nextAction: "Issue a certificate with the host as a subject alternative name."
            )
        case .wrongPurpose(let certificate, let right):
            (
                code: .wrongPurpose, title: "A certificate does not allow this use",
                cause: "\(certificate.label) does not allow \(right.rawValue).",
                nextAction: "Use a certificate issued for this purpose."
            )
        case .weakKey(let certificate):
            (
                code: .weak, title: "A certificate is too weak",
                cause: "\(certificate.label) has a key or signature below 112 bits of security.",
                nextAction: "Replace it with one that uses SHA-256 and P-256 or RSA with at least 2048 bits."
            )
        case .badSignature(let certificate):
            (
                code: .badSignature, title: "A certificate was not signed by its issuer",
                cause: "The signature of \(certificate.label) does not verify.",
                nextAction: "Get it again from its owner. If the error remains, treat it as forged."
            )
        case .pathTooLong(let certificate):
            (
                code: .pathTooLong, title: "The chain has too many CAs",
                cause: "\(certificate.label) does not allow this many CAs below it.",
                nextAction: "Use a leaf that a CA of the bundle issued directly."
            )
        case .leafNotFirst(let certificate):
            (
                code: .leafNotFirst, title: "The chain begins with a CA",
                cause: "\(certificate.label) is the server's certificate and comes after a CA certificate.",
                nextAction: "Put the server's certificate first, then the CA that issued it, then the next one above."
            )
        case .issuerMissing(let certificate):
            (
                code: .issuerMissing, title: "The chain is not complete",
                cause:
                    "\(certificate.label) was issued by \(certificate.issuer), whose certificate is not in the file.",
                nextAction:
                    "Append the certificate of that CA. A self-issued certificate must be a CA (CA:TRUE)."
            )
        case .outOfOrder(let certificate):
            (
                code: .outOfOrder, title: "The chain is out of order",
                cause: "\(certificate.label) did not issue any certificate before it.",
                nextAction: "Put each CA after the certificate it issued, and remove certificates of other chains."
            )
        case .other(let reason):
            (
                code: .refused, title: "The certificate chain was refused",
                cause: "OpenSSL says: \(reason).",
                nextAction: "Inspect the chain with `openssl verify`."
            )
        }
    }
}

extension Certificate {
    /// How a message names it.
    fileprivate var label: String { "The certificate \(subject) (sha256 \(fingerprint))" }
}
