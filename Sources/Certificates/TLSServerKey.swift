public import Vocabulary

/// The key pair of a TLS server whose certificate may come from elsewhere: it is handed on to the TLS library and signs
/// nothing here. It never prints.
public struct TLSServerKey: Sendable {
    /// PKCS#8 PEM, unencrypted.
    public let pem: Secret
    public let publicKey: PublicKey

    public init(_ key: PrivateKey) {
        pem = key.pem
        publicKey = key.publicKey
    }

    /// Reads an unencrypted private key, PKCS#8, SEC 1 or PKCS#1; certificates and parameters may stand beside it.
    ///
    /// - Throws: `CertificateFailure.unsupportedKey` for what `KeyPolicy.tlsServer` does not name; `.keyMismatch` when
    ///   the public half that stands beside the private one is another's; `.pem(.encryptedKey)`.
    public init(pem: Secret) throws(CertificateFailure) {
        let handle = try KeyHandle(privateKeyPEM: pem)
        publicKey = try PublicKey(handle: handle)
        try KeyPolicy.tlsServer.check(publicKey, of: .privateKey)
        guard try handle.isPair() else { throw .keyMismatch }
        self.pem = try handle.privateKeyPEM()
    }

    public func belongs(to certificate: Certificate) -> Bool { certificate.publicKey == publicKey }
}
