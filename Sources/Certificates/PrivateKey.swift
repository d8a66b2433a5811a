internal import COpenSSL
public import Vocabulary

/// A key pair: on P-256 what signs tokens and certificates; a TLS client's may be of another kind. It never prints; its PEM is
/// a `Secret`.
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

    /// Reads an unencrypted private key, PKCS#8 or SEC 1; certificates and parameters may stand beside it.
    ///
    /// - Throws: `CertificateFailure.unsupportedKey` for any key that is not on P-256; `.keyMismatch` when the public
    ///   half that stands beside the private one is another's; `.pem(.encryptedKey)`.
    public convenience init(pem: Secret) throws(CertificateFailure) {
        try self.init(handle: KeyHandle(privateKeyPEM: pem), isKnownPair: false)
    }

    /// Reads the key of a TLS client, of any kind that `KeyPolicy.tlsClient` names.
    ///
    /// - Parameter passphrase: for a key that may be encrypted (PKCS#8, or as OpenSSL once did).
    /// - Throws: `CertificateFailure.unreadable` when the passphrase is not the key's, else as `init(pem:)`.
    public convenience init(clientPEM pem: Secret, passphrase: Secret? = nil) throws(CertificateFailure) {
        let handle: KeyHandle
        if let passphrase {
            handle = try KeyHandle(encryptedPEM: pem, passphrase: passphrase)
        } else {
            handle = try KeyHandle(privateKeyPEM: pem)
        }
        try self.init(handle: handle, isKnownPair: false, policy: .tlsClient)
    }

    private init(
        handle: KeyHandle, isKnownPair: Bool = true, policy: KeyPolicy = .p256
    ) throws(CertificateFailure) {
        publicKey = try PublicKey(handle: handle)
        try policy.check(publicKey, of: .privateKey)
        if !isKnownPair, try !handle.isPair() { throw .keyMismatch }
        self.handle = handle
        pem = try handle.privateKeyPEM()
    }

    /// An ES256 signature (RFC 7518 section 3.4): r and s, 32 bytes each. Only a key on P-256 makes one.
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
