internal import COpenSSL
import Vocabulary

/// The public half of a key pair, known by its SubjectPublicKeyInfo.
public struct PublicKey: Hashable, Sendable {
    public enum Algorithm: Hashable, Sendable {
        /// ECDSA on P-256, named curve, uncompressed point: the only kind made and used for signatures here.
        case p256
        /// Likewise on P-384.
        case p384
        case rsa(bits: Int)
        case ed25519
        /// An elliptic curve written out in numbers instead of by its name (RFC 5480 section 2.1.1 forbids it).
        case explicitCurve
        case other
    }

    /// SubjectPublicKeyInfo, DER (RFC 5280 section 4.1).
    public let spki: [UInt8]
    private let parsed: Lazily<KeyHandle>
    var handle: KeyHandle { parsed.value }

    /// - Throws: `CertificateFailure.unreadable` when the bytes are not exactly one public key.
    public init(spki: [UInt8]) throws(CertificateFailure) {
        self.init(spki: spki, handle: try KeyHandle(spki: spki))
    }

    init(handle: KeyHandle) throws(CertificateFailure) {
        self.init(spki: try handle.publicKeyBytes(), handle: handle)
    }

    /// - Parameters:
    ///   - spki: the encoding of a key that has been read, taken from its certificate, because encoding it again costs
    ///     more than reading the whole certificate.
    ///   - handle: the same key, if it is to be kept.
    init(spki: [UInt8], handle: KeyHandle?) {
        self.spki = spki
        parsed = Lazily(handle) {
            guard let again = try? KeyHandle(spki: spki) else { preconditionFailure("it was read before") }
            return again
        }
    }

    public var algorithm: Algorithm {
        if spki.count == Self.p256Prefix.count + 64 && spki.starts(with: Self.p256Prefix) { return .p256 }
        if spki.count == Self.p384Prefix.count + 96 && spki.starts(with: Self.p384Prefix) { return .p384 }
        if spki.count == Self.ed25519Prefix.count + 32 && spki.starts(with: Self.ed25519Prefix) { return .ed25519 }
        if let bits = handle.rsaBits { return .rsa(bits: bits) }
        return isOnExplicitCurve ? .explicitCurve : .other
    }

    /// The parameters that follow id-ecPublicKey are a SEQUENCE instead of the name's OBJECT IDENTIFIER.
    private var isOnExplicitCurve: Bool {
        guard let name = spki.prefix(24).firstPlace(of: Self.ecPublicKey) else { return false }
        return spki.dropFirst(name.upperBound).first == 0x30
    }

    /// id-Ed25519 (RFC 8410 section 4).
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]
    private static let ecPublicKey: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]

    /// Checks an ES256 signature (RFC 7518 section 3.4).
    ///
    /// - Parameter raw: r and s, 32 bytes each; anything else is not valid.
    public func isValidSignature(_ raw: [UInt8], for message: [UInt8]) -> Bool {
        guard algorithm == .p256, let der = try? ECDSASignature.der(fromRaw: raw) else { return false }
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        return unsafe handle.withPointer { key in
            ERR_clear_error()
            defer { ERR_clear_error() }
            return unsafe EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
                && EVP_DigestVerify(context, der, der.count, message, message.count) == 1
        }
    }

    public static func == (left: PublicKey, right: PublicKey) -> Bool { left.spki == right.spki }
    public func hash(into hasher: inout Hasher) { hasher.combine(spki) }

    /// Everything in a P-256 SubjectPublicKeyInfo but the coordinates: id-ecPublicKey, prime256v1, uncompressed.
    private static let p256Prefix: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
        0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ]
    /// The same for secp384r1.
    private static let p384Prefix: [UInt8] = [
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B, 0x81, 0x04,
        0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
    ]
}

extension PublicKey.Algorithm: CustomStringConvertible {
    /// How a message names it.
    public var description: String {
        switch self {
        case .p256: "an ECDSA key on P-256"
        case .p384: "an ECDSA key on P-384"
        case .rsa(let bits): "an RSA key of \(bits) bits"
        case .ed25519: "an Ed25519 key"
        case .explicitCurve: "an elliptic curve key with explicit curve parameters"
        case .other: "of another kind"
        }
    }
}

/// Which kinds of key a place accepts; the raw value is how a message lists them.
public enum KeyPolicy: String, Hashable, Sendable, CaseIterable {
    /// What this package makes, issues certificates for and signs with.
    case p256 = "ECDSA on P-256 (prime256v1)"
    /// What a TLS server may show: every TLS client can verify these.
    case tlsServer = "ECDSA on P-256 or P-384, RSA from 2048 bits"
    /// What the certificate of a host may be for: its PKI and the servers it connects to decide.
    case tlsClient = "ECDSA on P-256 or P-384, RSA from 2048 bits, Ed25519"

    func check(_ key: PublicKey, of material: CertificateFailure.Material) throws(CertificateFailure) {
        let algorithm = key.algorithm
        let isAccepted =
            switch (self, algorithm) {
            case (_, .p256), (.tlsServer, .p384), (.tlsClient, .p384), (.tlsClient, .ed25519): true
            case (.tlsServer, .rsa(let bits)), (.tlsClient, .rsa(let bits)): bits >= 2048
            default: false
            }
        guard isAccepted else { throw .unsupportedKey(material, algorithm, accepted: self) }
    }
}
