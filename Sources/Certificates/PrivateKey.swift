internal import COpenSSL
public import Vocabulary

/// A P-256 key pair. It never prints; its PEM is a `Secret`.
public final class PrivateKey: Sendable {
    /// PKCS#8 PEM, unencrypted.
    public let pem: Secret
    public let publicKey: PublicKey
    let handle: KeyHandle

    public static func generateP256() throws(CertificateFailure) -> PrivateKey {
        ERR_clear_error()
        guard let key = unsafe shim_generate_p256() else {
            throw .library(operation: "generate a key", reasons: LibraryCall.drainedReasons())
        }
        return try unsafe PrivateKey(handle: KeyHandle(takingOwnership: key))
    }

    /// Reads PKCS#8 (`PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`) PEM, unencrypted.
    ///
    /// - Throws: `CertificateFailure.unsupportedKey` for any key that is not on P-256; `.keyMismatch` when the public
    ///   half that stands beside the private one is another's.
    public convenience init(pem: Secret) throws(CertificateFailure) {
        let text = pem.revealText()
        let label = text.contains(PEM.sec1PrivateKey) ? PEM.sec1PrivateKey : PEM.privateKey
        let blocks = try PEM.blocks(of: text, labelled: label, atMost: 1)
        let key = try unsafe decoded(blocks[0], as: .privateKey, freedBy: EVP_PKEY_free) { cursor, count in
            unsafe d2i_AutoPrivateKey(nil, cursor, count)
        }
        try unsafe self.init(handle: KeyHandle(takingOwnership: key))
        guard try handle.isPair() else { throw .keyMismatch }
    }

    private init(handle: KeyHandle) throws(CertificateFailure) {
        let publicKey = try PublicKey(handle: handle)
        guard publicKey.algorithm == .p256 else { throw .unsupportedKey(.privateKey) }
        let pkcs8 = try unsafe handle.withPointer { key throws(CertificateFailure) in
            let info = try unsafe LibraryCall.owned("encode a private key", freedBy: PKCS8_PRIV_KEY_INFO_free) {
                unsafe EVP_PKEY2PKCS8(key)
            }
            return try unsafe encoded("encode a private key") { target in
                unsafe i2d_PKCS8_PRIV_KEY_INFO(info.pointer, target)
            }
        }
        self.handle = handle
        self.publicKey = publicKey
        pem = Secret(PEM.text(of: pkcs8, label: PEM.privateKey))
    }

    /// An ES256 signature (RFC 7518 section 3.4): r and s, 32 bytes each.
    public func signature(for message: [UInt8]) throws(CertificateFailure) -> [UInt8] {
        let context = try unsafe LibraryCall.owned("sign", freedBy: EVP_MD_CTX_free) { unsafe EVP_MD_CTX_new() }
        let der = try unsafe handle.withPointer { key throws(CertificateFailure) in
            try LibraryCall.succeeds("sign") {
                unsafe EVP_DigestSignInit(context.pointer, nil, EVP_sha256(), nil, key)
            }
            var count = 80
            var der = [UInt8](repeating: 0, count: count)
            try LibraryCall.succeeds("sign") {
                unsafe EVP_DigestSign(context.pointer, &der, &count, message, message.count)
            }
            return Array(der.prefix(count))
        }
        return try ECDSASignature.raw(fromDER: der)
    }
}
