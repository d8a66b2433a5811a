import Vocabulary

/// Certificates in a stated order, each once: a chain, or one of the trust sets.
public struct CertificateBundle: Hashable, Sendable {
    public let certificates: [Certificate]

    /// Later repetitions are dropped.
    public init(_ certificates: [Certificate]) {
        var seen: Set<Certificate> = []
        self.certificates = certificates.filter { seen.insert($0).inserted }
    }

    /// Reads the certificates of a PEM text of at most `Limits.pemBytes`; text around the blocks is ignored.
    ///
    /// - Parameter besideKey: whether a private key may stand in the text too; it is passed over.
    /// - Throws: `CertificateFailure.pem` for any other block, for a damaged one, and for none.
    public init(pem: String, besideKey: Bool = false) throws(CertificateFailure) {
        var certificates: [Certificate] = []
        for block in try PEM.blocks(of: pem, besideKey ? .certificatesBesideKey : .certificates) {
            certificates.append(try Certificate(block))
        }
        self.init(certificates)
    }

    public var isEmpty: Bool { certificates.isEmpty }
    public var pem: String { certificates.map(\.pem).joined() }
}
