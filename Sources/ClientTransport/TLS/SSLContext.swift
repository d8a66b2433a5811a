internal import COpenSSL
import Glibc
import Vocabulary

/// An SSL_CTX for the given settings, to be freed by the caller.
///
/// - Throws: `DialFailure` with cause `policy`, saying which setting cannot work.
func makeSSLContext(_ key: TLSContext.Key) throws(DialFailure) -> OpaquePointer {
    ERR_clear_error()
    defer { ERR_clear_error() }
    guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
        throw DialFailure(.policy, "OpenSSL makes no client context on this host")
    }
    do {
        unsafe restrict(context)
        try unsafe setVersionsAndCiphers(key, in: context)
        try unsafe setTrust(key, in: context)
        try unsafe expectHost(key.host, in: context)
        if let identity = key.identity { try unsafe show(identity, in: context) }
    } catch {
        unsafe SSL_CTX_free(context)
        throw error
    }
    return unsafe context
}

private func restrict(_ context: OpaquePointer) {
    unsafe SSL_CTX_set_options(context, shim_SSL_OP_NO_RENEGOTIATION() | shim_SSL_OP_NO_COMPRESSION())
    _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(SSL_MODE_RELEASE_BUFFERS), nil)
    // A resumed session would skip the decision about the certificate.
    _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
}

private func setVersionsAndCiphers(_ key: TLSContext.Key, in context: OpaquePointer) throws(DialFailure) {
    func number(_ version: TLSVersion) -> Int {
        switch version {
        case .v1_2: Int(TLS1_2_VERSION)
        case .v1_3: Int(TLS1_3_VERSION)
        }
    }
    guard key.minimumTLS <= key.maximumTLS,
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, number(key.minimumTLS), nil) == 1,
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, number(key.maximumTLS), nil) == 1
    else { throw DialFailure(.policy, "no TLS version is left between the minimum and the maximum") }

    guard !key.cipherSuites.isEmpty else { return }
    let isModern = { (name: String) in name.hasPrefix("TLS_AES_") || name.hasPrefix("TLS_CHACHA20_POLY1305_SHA256") }
    let modern = key.cipherSuites.filter(isModern)
    let older = key.cipherSuites.filter { !isModern($0) }.map { name in
        let own = unsafe OPENSSL_cipher_name(name).map { unsafe String(cString: $0) }
        return own == nil || own == "(NONE)" ? name : own ?? name
    }
    guard unsafe modern.isEmpty || SSL_CTX_set_ciphersuites(context, modern.joined(separator: ":")) == 1,
        unsafe older.isEmpty || SSL_CTX_set_cipher_list(context, older.joined(separator: ":")) == 1
    else { throw DialFailure(.policy, "none of the cipher suites is known to this host") }
}

private func setTrust(_ key: TLSContext.Key, in context: OpaquePointer) throws(DialFailure) {
    let store = unsafe SSL_CTX_get_cert_store(context)
    for der in key.anchors {
        try unsafe withCertificate(der, "a CA certificate") { certificate in
            // Passed over, not refused: a certificate that is no CA's vouches for nobody.
            unsafe X509_check_ca(certificate) != 1 || X509_STORE_add_cert(store, certificate) == 1
        }
    }
    // Whatever the trust set names is an anchor, also when it is not self-signed; `ChainCheck` decides the same way.
    unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    if key.includeSystemRoots { unsafe SSL_CTX_set_default_verify_paths(context) }
}

/// Host name or address from the subject alternative names only (RFC 9525: no common name).
private func expectHost(_ host: String, in context: OpaquePointer) throws(DialFailure) {
    let parameters = unsafe SSL_CTX_get0_param(context)
    unsafe X509_VERIFY_PARAM_set_hostflags(
        parameters, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    let isSet =
        isAddress(host)
        ? unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host)
        : unsafe X509_VERIFY_PARAM_set1_host(parameters, host, 0)
    guard isSet == 1 else { throw DialFailure(.policy, "the endpoint's host is neither a name nor an address") }
}

private func show(_ identity: ClientIdentity, in context: OpaquePointer) throws(DialFailure) {
    guard let leaf = identity.chain.first else { throw DialFailure(.policy, "the client's chain is empty") }
    try unsafe withCertificate(leaf, "the client's leaf") { unsafe SSL_CTX_use_certificate(context, $0) == 1 }
    for issuer in identity.chain.dropFirst() {
        try unsafe withCertificate(issuer, "a certificate of the client's chain") { certificate in
            // Adds one reference of its own.
            unsafe SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(certificate)) == 1
        }
    }
    let pem = identity.key.reveal()
    let key = unsafe pem.withUnsafeBytes { bytes -> OpaquePointer? in
        let source = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
        defer { unsafe BIO_free(source) }
        // Without a callback OpenSSL would ask the terminal for a password.
        return unsafe PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
    }
    guard let key = unsafe key else { throw DialFailure(.policy, "the client's private key cannot be read") }
    defer { unsafe EVP_PKEY_free(key) }
    guard unsafe SSL_CTX_use_PrivateKey(context, key) == 1, unsafe SSL_CTX_check_private_key(context) == 1 else {
        throw DialFailure(.policy, "the client's private key does not belong to its certificate")
    }
}

private func withCertificate(
    _ der: [UInt8], _ name: String, _ use: (OpaquePointer) -> Bool
) throws(DialFailure) {
    let isUsed = unsafe der.withUnsafeBufferPointer { bytes -> Bool in
        var next = bytes.baseAddress
        guard let certificate = unsafe d2i_X509(nil, &next, bytes.count) else { return false }
        defer { unsafe X509_free(certificate) }
        return unsafe use(certificate)
    }
    guard isUsed else { throw DialFailure(.policy, "\(name) cannot be used") }
}

func derBytes(of certificate: OpaquePointer) -> [UInt8] {
    let count = unsafe i2d_X509(certificate, nil)
    guard count > 0 else { return [] }
    return unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { bytes, used in
        var next = bytes.baseAddress
        used = Int(max(0, unsafe i2d_X509(certificate, &next)))
    }
}

/// Whether a host is an IPv4 or IPv6 address.
func isAddress(_ host: String) -> Bool {
    var space = in6_addr()
    return unsafe inet_pton(AF_INET, host, &space) == 1 || inet_pton(AF_INET6, host, &space) == 1
}
