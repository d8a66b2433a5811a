internal import COpenSSL
import Certificates
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
        // libwebsockets says so for each connection; it must not be the only one that does.
        unsafe SSL_CTX_set_verify(context, key.skipVerify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
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
        case .tls12: Int(TLS1_2_VERSION)
        case .tls13: Int(TLS1_3_VERSION)
        }
    }
    guard key.minimumTLS <= key.maximumTLS,
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, number(key.minimumTLS), nil) == 1,
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, number(key.maximumTLS), nil) == 1
    else { throw DialFailure(.policy, "no TLS version is left between the minimum and the maximum") }

    guard !key.cipherSuites.isEmpty else { return }
    // OpenSSL keeps a list for each version. With an empty one it would negotiate what nobody allowed.
    let isModern = { (name: String) in name.hasPrefix("TLS_AES_") || name.hasPrefix("TLS_CHACHA20_POLY1305_SHA256") }
    let modern = key.cipherSuites.filter(isModern)
    let older = key.cipherSuites.filter { !isModern($0) }.map { name in
        let own = unsafe OPENSSL_cipher_name(name).map { unsafe String(cString: $0) }
        return own == nil || own == "(NONE)" ? name : own ?? name
    }
    guard unsafe modern.isEmpty || SSL_CTX_set_ciphersuites(context, modern.joined(separator: ":")) == 1,
        unsafe older.isEmpty || SSL_CTX_set_cipher_list(context, older.joined(separator: ":")) == 1
    else { throw DialFailure(.policy, "this host knows none of the cipher suites") }
    let versions = (
        minimum: older.isEmpty ? TLSVersion.tls13 : key.minimumTLS,
        maximum: modern.isEmpty ? TLSVersion.tls12 : key.maximumTLS
    )
    guard versions.minimum <= versions.maximum,
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, number(versions.minimum), nil) == 1,
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, number(versions.maximum), nil) == 1
    else {
        throw DialFailure(.policy, "the cipher suites belong to no TLS version between the minimum and the maximum")
    }
}

private func setTrust(_ key: TLSContext.Key, in context: OpaquePointer) throws(DialFailure) {
    let store = unsafe SSL_CTX_get_cert_store(context)
    for anchor in key.anchors {
        let isUsed = unsafe anchor.withX509 { certificate in
            // Passed over, not refused: a certificate that is no CA's vouches for nobody.
            unsafe X509_check_ca(certificate) != 1 || X509_STORE_add_cert(store, certificate) == 1
        }
        guard isUsed else { throw DialFailure(.policy, "a CA certificate cannot be used") }
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
    let isLeafUsed = unsafe leaf.withX509 { unsafe SSL_CTX_use_certificate(context, $0) == 1 }
    guard isLeafUsed else { throw DialFailure(.policy, "the client's leaf cannot be used") }
    for issuer in identity.chain.dropFirst() {
        let isUsed = unsafe issuer.withX509 { certificate in
            // Adds one reference of its own.
            unsafe SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(certificate)) == 1
        }
        guard isUsed else { throw DialFailure(.policy, "a certificate of the client's chain cannot be used") }
    }
    let isPair = unsafe identity.key.withEVPKey { key in
        unsafe SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1
    }
    guard isPair else { throw DialFailure(.policy, "the client's private key does not belong to its certificate") }
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

/// libwebsockets names the server by whatever stands before the first colon of `Host`, addresses included; RFC 6066
/// section 3 allows names only.
func nameServer(_ host: String, to ssl: OpaquePointer) {
    guard !isAddress(host) else {
        unsafe SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), nil)
        return
    }
    var name = host.utf8CString
    unsafe name.withUnsafeMutableBytes { name in
        _ = unsafe SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), name.baseAddress)
    }
}
