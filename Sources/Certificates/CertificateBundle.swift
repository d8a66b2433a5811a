public import Vocabulary

/// Certificates in a stated order, each once: a chain, or one of the trust sets.
public struct CertificateBundle: Hashable, Sendable {
    public let certificates: [Certificate]

    /// Later repetitions are dropped.
    public init(_ certificates: [Certificate]) {
        var seen: Set<Certificate> = []
        self.certificates = certificates.filter { seen.insert($0).inserted }
    }

    /// Reads PEM in which nothing but certificates stands; `#` comments and white space may stand between them.
    ///
    /// - Parameter limit: how many blocks are read before the text is refused, repetitions included.
    /// - Throws: `CertificateFailure.pem` for anything else inside, for none, and for too many.
    public init(pem: String, limit: Int = Limits.bundleCertificates) throws(CertificateFailure) {
        var certificates: [Certificate] = []
        for der in try PEM.blocks(of: pem, labelled: PEM.certificate, atMost: limit) {
            certificates.append(try Certificate(der: der))
        }
        self.init(certificates)
    }

    public var isEmpty: Bool { certificates.isEmpty }
    public var pem: String { certificates.map(\.pem).joined() }
}
