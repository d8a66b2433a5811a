public import Certificates
public import Vocabulary

/// Certificates of authorities that are trusted for exactly one role.
///
/// The role is part of the type, so who may answer a dial, who may have issued an agent's leaf and whose signature a
/// token may bear are never taken for one another. Nothing converts one into another.
public struct TrustSet<Role: TrustRole>: Hashable, Sendable {
    public let bundle: CertificateBundle

    /// - Throws: `TrustSetRefusal` unless there are 1 to 8 different certificates, all of them of authorities.
    public init(_ certificates: [Certificate]) throws(TrustSetRefusal) {
        guard !certificates.isEmpty else { throw .empty }
        guard certificates.count <= Limits.bundleCertificates else { throw .tooMany(certificates.count) }
        if let leaf = certificates.first(where: { !$0.isCA }) { throw .notAnAuthority(leaf.fingerprint) }
        bundle = CertificateBundle(certificates)
        guard bundle.certificates.count == certificates.count else { throw .repeated }
    }

    public init(_ bundle: CertificateBundle) throws(TrustSetRefusal) {
        try self.init(bundle.certificates)
    }

    /// Reads PEM in which nothing but certificates stands.
    public init(pem: String) throws(TrustSetRefusal) {
        let bundle: CertificateBundle
        do { bundle = try CertificateBundle(pem: pem) } catch { throw .unreadable(error) }
        try self.init(bundle)
    }

    public var certificates: [Certificate] { bundle.certificates }
    public var pem: String { bundle.pem }

    /// Whether both hold the same certificates, in whatever order.
    public func isSameSet(as other: CertificateBundle) -> Bool {
        Set(certificates) == Set(other.certificates)
    }
}

public protocol TrustRole: Sendable {}
public enum ServerRole: TrustRole {}
public enum AgentRole: TrustRole {}
public enum TokenRole: TrustRole {}

/// Who may be at the other end of a dial.
public typealias ServerCAs = TrustSet<ServerRole>
/// Who may have issued an agent's leaf.
public typealias AgentCAs = TrustSet<AgentRole>
/// Whose signature a handover token or a trust statement may bear.
public typealias TokenSigners = TrustSet<TokenRole>

/// Why certificates are not a trust set.
public enum TrustSetRefusal: Error, Hashable, Sendable {
    case empty
    case tooMany(Int)
    case repeated
    case notAnAuthority(Fingerprint)
    case unreadable(CertificateFailure)

    /// The middle of a sentence for an operator.
    public var reason: String {
        switch self {
        case .empty: "it holds no certificate"
        case .tooMany(let count): "it holds \(count) certificates, more than \(Limits.bundleCertificates)"
        case .repeated: "it holds a certificate twice"
        case .notAnAuthority(let fingerprint): "certificate \(fingerprint) is not that of an authority"
        case .unreadable: "it holds something that is not a certificate"
        }
    }
}
