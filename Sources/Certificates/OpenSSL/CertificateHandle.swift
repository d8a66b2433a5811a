internal import COpenSSL

/// Owns one X509.
///
/// Unchecked, because the compiler cannot see that the certificate is never changed after `init`, which also makes
/// libcrypto cache its extensions; from then on libcrypto allows any number of threads to read it.
@safe final class CertificateHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// - Throws: `CertificateFailure.unreadable` unless the bytes are exactly one certificate.
    init(der: [UInt8]) throws(CertificateFailure) {
        let pointer = try unsafe decoded(der, as: .certificate, freedBy: X509_free) { cursor, count in
            unsafe d2i_X509(nil, cursor, count)
        }
        unsafe self.pointer = unsafe pointer
        // Parses and caches the extensions now, while nobody else can see the certificate.
        _ = unsafe X509_check_purpose(pointer, -1, 0)
    }

    deinit { unsafe X509_free(pointer) }

    func withPointer<Result: ~Copyable, Failure: Error>(
        _ body: (OpaquePointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(pointer)
    }
}
