internal import COpenSSL

/// A leaf and its key as OpenSSL objects, read once: what a connect costs does not include reading PEM.
///
/// Unchecked, because the compiler cannot see that neither object is changed after `init`.
@safe public final class BareIdentity: @unchecked Sendable {
    let certificate: OpaquePointer
    let key: OpaquePointer

    /// - Parameters:
    ///   - certificate: PEM.
    ///   - key: PEM, unencrypted.
    public init(certificate: String, key: String) throws(BareFailure) {
        guard let leaf = unsafe firstCertificate(in: certificate) else { throw .unreadable("the client's leaf") }
        let pair = unsafe withSource(of: key) { unsafe PEM_read_bio_PrivateKey($0, nil, nil, nil) }
        guard let pair = unsafe pair else {
            unsafe X509_free(leaf)
            throw .unreadable("the client's key")
        }
        unsafe self.certificate = unsafe leaf
        unsafe self.key = unsafe pair
    }

    deinit {
        unsafe X509_free(certificate)
        unsafe EVP_PKEY_free(key)
    }
}

/// The authority that a server has to chain to, read once.
///
/// Unchecked for the reason of `BareIdentity`.
@safe public final class BareTrust: @unchecked Sendable {
    let authority: OpaquePointer

    /// - Parameter authority: PEM; the first certificate counts.
    public init(authority: String) throws(BareFailure) {
        guard let certificate = unsafe firstCertificate(in: authority) else { throw .unreadable("the server's CA") }
        unsafe self.authority = unsafe certificate
    }

    deinit { unsafe X509_free(authority) }
}

/// Where to dial, always on 127.0.0.1.
public struct BareDestination: Sendable {
    public let port: Int
    public let trust: BareTrust

    public init(port: Int, trust: BareTrust) {
        self.port = port
        self.trust = trust
    }
}

public enum BareFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(String)
    case system(String, Int32)
    case tls(String)
    /// The server ended the connection, or said something else than was due.
    case ended(String)
    case late(String)

    public var description: String {
        switch self {
        case .unreadable(let what): "\(what) cannot be read"
        case .system(let call, let code): "\(call) failed with errno \(code)"
        case .tls(let why): "TLS failed: \(why)"
        case .ended(let why): "the connection ended: \(why)"
        case .late(let what): "\(what) took too long"
        }
    }
}

private func firstCertificate(in pem: String) -> OpaquePointer? {
    unsafe withSource(of: pem) { unsafe PEM_read_bio_X509($0, nil, nil, nil) }
}

private func withSource(of pem: String, _ read: (OpaquePointer?) -> OpaquePointer?) -> OpaquePointer? {
    let bytes = Array(pem.utf8)
    return unsafe bytes.withUnsafeBytes { bytes -> OpaquePointer? in
        let source = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
        defer { unsafe BIO_free(source) }
        return unsafe read(source)
    }
}
