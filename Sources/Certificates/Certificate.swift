internal import COpenSSL
public import Vocabulary

public enum ExtendedKeyUsage: Hashable, Sendable, CaseIterable {
    case serverAuth, clientAuth
}

/// One X.509 certificate; two are equal when their DER is.
public struct Certificate: Hashable, Sendable {
    public let der: [UInt8]
    /// RFC 2253 text on one line, control characters escaped: safe to show, not to compare.
    public var subject: String { facts.subject }
    public var issuer: String { facts.issuer }
    /// Lower-case hexadecimal, whole bytes, without leading zero bytes.
    public var serialNumber: String { facts.serialNumber }
    public var notBefore: Timestamp { facts.notBefore }
    /// Reached, the certificate has expired: OpenSSL, and so every dial, counts the second itself as too late.
    public var notAfter: Timestamp { facts.notAfter }
    public var isCA: Bool { facts.isCA }
    public var dnsNames: [String] { facts.names.dns }
    public var ipAddresses: [String] { facts.names.addresses.map(\.description) }
    public var uriNames: [String] { facts.names.uris }
    /// The uses of this project that the certificate states; empty also when it states none at all.
    public var extendedKeyUsages: Set<ExtendedKeyUsage> { facts.extendedKeyUsages ?? [] }
    public var publicKey: PublicKey { facts.publicKey }
    public var fingerprint: Fingerprint { facts.fingerprint }
    public var pem: String { PEM.text(of: der, label: PEM.certificate) }

    let facts: CertificateFacts
    private let parsed: Lazily<CertificateHandle>
    var handle: CertificateHandle { parsed.value }
    /// For one use, after which a leaf is not kept parsed.
    var handleOnce: CertificateHandle { parsed.once }

    /// - Throws: `CertificateFailure.unreadable` unless the bytes are exactly one certificate, in DER rather than in
    ///   some looser encoding (a certificate has one fingerprint), with readable dates, extensions and names.
    public init(der: [UInt8]) throws(CertificateFailure) {
        guard der.count <= Limits.certificateBytes else {
            throw .unreadable(.certificate, reasons: ["longer than \(Limits.certificateBytes) bytes"])
        }
        if let known = KnownCertificates.find(der) {
            self = known
            return
        }
        let handle = try CertificateHandle(der: der)
        let facts = try unsafe handle.withPointer { certificate throws(CertificateFailure) in
            let again = try unsafe encoded("encode a certificate") { target in unsafe i2d_X509(certificate, target) }
            guard again == der else { throw .unreadable(.certificate, reasons: ["not DER"]) }
            return try unsafe CertificateFacts(of: certificate, der: der)
        }
        (self.der, self.facts) = (der, facts)
        // A CA's signature is verified again and again; a leaf has usually said all it has to say.
        parsed = Lazily(facts.isCA ? handle : nil) {
            guard let again = try? CertificateHandle(der: der) else { preconditionFailure("it was read before") }
            return again
        }
        KnownCertificates.remember(self)
    }

    /// Reads a text with exactly one certificate.
    public init(pem: String) throws(CertificateFailure) {
        try self.init(PEM.blocks(of: pem, .certificates, atMost: 1)[0])
    }

    init(_ block: PEM.Block) throws(CertificateFailure) {
        do throws(CertificateFailure) {
            try self.init(der: block.bytes)
        } catch {
            throw error.inBlock(at: block.line)
        }
    }

    /// Whether the validity covers this time (RFC 5280 section 4.1.2.5; the last second as OpenSSL counts it).
    public func isInForce(at now: Timestamp) -> Bool { notBefore <= now && now < notAfter }

    public static func == (left: Certificate, right: Certificate) -> Bool { left.der == right.der }
    public func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

/// What a certificate says, read once.
final class CertificateFacts: Sendable {
    let subject: String
    let issuer: String
    let serialNumber: String
    let notBefore: Timestamp
    let notAfter: Timestamp
    let isCA: Bool
    let names: AlternativeNames
    /// `nil` if the certificate does not restrict them.
    let extendedKeyUsages: Set<ExtendedKeyUsage>?
    let mayMakeSignatures: Bool
    let publicKey: PublicKey
    let fingerprint: Fingerprint

    init(of pointer: OpaquePointer, der: [UInt8]) throws(CertificateFailure) {
        let fields = unsafe CertificateFields(borrowing: pointer)
        guard let notBefore = fields.notBefore, let notAfter = fields.notAfter else {
            throw .unreadable(.certificate, reasons: ["a date is not one"])
        }
        guard fields.hasValidExtensions else { throw .unreadable(.certificate, reasons: ["an extension is malformed"]) }
        guard let names = fields.alternativeNames() else {
            throw .unreadable(.certificate, reasons: ["a subject alternative name is malformed"])
        }
        guard let fingerprint = Fingerprint(bytes: Digest.sha256(der)) else {
            preconditionFailure("SHA-256 is 32 bytes")
        }
        guard let key = unsafe X509_get_pubkey(pointer) else {
            throw .unreadable(.certificate, reasons: LibraryCall.drainedReasons())
        }
        let handle = unsafe KeyHandle(takingOwnership: key)
        publicKey = PublicKey(
            spki: try unsafe encoded("read a public key") { target in
                unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(pointer), target)
            }, handle: fields.isCA ? handle : nil)
        subject = fields.subject
        issuer = fields.issuer
        serialNumber = fields.serialNumber
        self.notBefore = notBefore
        self.notAfter = notAfter
        isCA = fields.isCA
        self.names = names
        extendedKeyUsages = fields.extendedKeyUsage.map { bits in
            let known: [(UInt32, ExtendedKeyUsage)] = [
                (UInt32(XKU_SSL_SERVER), .serverAuth), (UInt32(XKU_SSL_CLIENT), .clientAuth),
            ]
            return Set(known.filter { bits & $0.0 != 0 }.map(\.1))
        }
        mayMakeSignatures = fields.keyUsage.map { $0 & UInt32(KU_DIGITAL_SIGNATURE) != 0 } ?? true
        self.fingerprint = fingerprint
    }
}
