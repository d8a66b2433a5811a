internal import Synchronization

/// Certificates that were read before, by their bytes. OpenSSL 3 takes longer to read one than to verify a signature,
/// and a server meets the same few again in every row, bundle and token.
///
/// A certificate is never changed once it is read, so sharing one is safe; what is forgotten is only read again.
enum KnownCertificates {
    /// When as many are known all are forgotten, so that strangers who show ever new ones cannot take the memory.
    private static let limit = 2048
    private static let known = Mutex<[[UInt8]: Certificate]>([:])

    static func find(_ der: [UInt8]) -> Certificate? { known.withLock { $0[der] } }

    static func remember(_ certificate: Certificate) {
        known.withLock { known in
            if known.count >= limit { known.removeAll(keepingCapacity: true) }
            known[certificate.der] = certificate
        }
    }
}
