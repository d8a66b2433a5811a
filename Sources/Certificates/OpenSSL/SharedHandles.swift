// What other wrappers of OpenSSL borrow, so that nothing is parsed twice: OpenSSL 3.0 spends more time on reading a key or
// a certificate than on a handshake's signature. The pointer is valid for the call; who keeps the object takes a
// reference of its own, as SSL_CTX_use_certificate, X509_STORE_add_cert and SSL_CTX_use_PrivateKey do.

extension Certificate {
    /// Lends the parsed X509.
    package func withX509<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        unsafe handle.withPointer { certificate in unsafe body(certificate) }
    }
}

extension PrivateKey {
    /// Lends the parsed EVP_PKEY.
    package func withEVPKey<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        unsafe handle.withPointer { key in unsafe body(key) }
    }
}
