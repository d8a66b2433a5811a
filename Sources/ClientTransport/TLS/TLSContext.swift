internal import COpenSSL
internal import CWebSockets
import Certificates
import Glibc
import Vocabulary

/// Trust, identity and host name of one kind of connection: an SSL_CTX of our own and the libwebsockets vhost that
/// uses it. Connections with equal settings share it. When the last of them is gone it is kept until another one is idle,
/// so that a run of polls makes one.
///
/// libwebsockets never frees an SSL_CTX it was given; the vhost must be destroyed first and the last wsi before that.
@safe final class TLSContext {
    /// What makes two connections share one.
    struct Key: Hashable {
        let host: String
        let anchors: [Certificate]
        let includeSystemRoots: Bool
        let identity: ClientIdentity?
        let minimumTLS: TLSVersion
        let maximumTLS: TLSVersion
        let cipherSuites: [String]
        let skipVerify: Bool
        let isTLS: Bool

        init(_ settings: DialSettings) {
            let isTLS = settings.endpoint.isTLS
            self.isTLS = isTLS
            host = isTLS ? settings.endpoint.host : ""
            anchors = isTLS ? settings.anchors : []
            includeSystemRoots = isTLS && settings.includeSystemRoots
            identity = isTLS ? settings.identity : nil
            minimumTLS = settings.minimumTLS
            maximumTLS = settings.maximumTLS
            cipherSuites = isTLS ? settings.cipherSuites : []
            skipVerify = isTLS && settings.skipVerify
        }

        init(_ proxy: ProxySettings, _ tls: ProxyTLS) {
            isTLS = true
            host = proxy.host
            anchors = tls.anchors
            includeSystemRoots = tls.includeSystemRoots
            identity = tls.identity
            minimumTLS = .tls12
            maximumTLS = .tls13
            cipherSuites = []
            skipVerify = false
        }
    }

    let key: Key
    let vhost: OpaquePointer
    private let context: OpaquePointer?
    private var uses = 0
    /// By descriptor, since that is all that OpenSSL's callbacks know of a connection.
    var links: [Int32: Link] = [:]

    /// - Throws: `DialFailure` with cause `policy` when the settings themselves cannot work.
    private init(_ key: Key, prepared: OpaquePointer?, loop: EventLoop) throws(DialFailure) {
        self.key = key
        if let prepared = unsafe prepared {
            unsafe context = prepared
        } else {
            unsafe context = key.isTLS ? try makeSSLContext(key) : nil
        }
        guard let vhost = unsafe makeVhost(in: loop.context, sslContext: context) else {
            unsafe SSL_CTX_free(context)
            throw DialFailure(.policy, "no TLS context could be made")
        }
        unsafe self.vhost = vhost
        // OpenSSL's callbacks find this object through the pointer; the user of a connection retains this object, and
        // destroys the connection before it releases the object (`Link.end`).
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        if let context = unsafe context {
            unsafe SSL_CTX_set_ex_data(context, 0, own)
            unsafe SSL_CTX_set_cert_verify_callback(context, verifyServer, own)
            unsafe SSL_CTX_set_info_callback(context, tlsProgressed)
        }
    }

    /// The context for these settings, made if there is none.
    static func borrow(_ key: Key, from loop: EventLoop) throws(DialFailure) -> TLSContext {
        let context: TLSContext
        if let known = loop.tlsContexts[key] {
            context = known
        } else {
            context = try unsafe TLSContext(key, prepared: loop.takePrepared(for: key), loop: loop)
        }
        loop.tlsContexts[key] = context
        context.uses += 1
        return context
    }

    /// Gives back what `borrow` gave. To be called when the connection's wsi has been freed, outside any callback.
    func giveBack(to loop: EventLoop) {
        uses -= 1
        guard uses == 0 else { return }
        // The host's CA certificates may change; they are read again.
        let isKept = loop.isOpen && !key.includeSystemRoots
        let former = loop.idleTLS
        loop.idleTLS = isKept ? self : nil
        if let former, former !== self, former.uses == 0 { former.destroy(in: loop) }
        if !isKept { destroy(in: loop) }
    }

    /// Destroys the context that is kept although nothing uses it.
    static func dropIdle(in loop: EventLoop) {
        guard let idle = loop.idleTLS else { return }
        loop.idleTLS = nil
        if idle.uses == 0 { idle.destroy(in: loop) }
    }

    private func destroy(in loop: EventLoop) {
        loop.tlsContexts[key] = nil
        unsafe lws_vhost_destroy(vhost)
        unsafe SSL_CTX_free(context)
    }
}

private func makeVhost(in context: OpaquePointer, sslContext: OpaquePointer?) -> OpaquePointer? {
    var info = unsafe lws_context_creation_info()
    unsafe info.port = CONTEXT_PORT_NO_LISTEN
    unsafe info.protocols = loopProtocols
    unsafe info.vhost_name = nil
    unsafe info.connect_timeout_secs = 3600
    unsafe info.timeout_secs = 3600
    // Not NULL: libwebsockets would then read the variable http_proxy. Proxies are dialled by us.
    unsafe info.http_proxy_address = noProxy
    if let sslContext = unsafe sslContext {
        unsafe info.options = UInt64(LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT)
        unsafe info.provided_client_ssl_ctx = sslContext
    }
    return unsafe lws_create_vhost(context, &info)
}

/// libwebsockets keeps both pointers, so they are made once and never freed.
nonisolated(unsafe) let loopProtocols: UnsafePointer<lws_protocols> = {
    let protocols = UnsafeMutablePointer<lws_protocols>.allocate(capacity: 2)
    unsafe protocols.initialize(repeating: lws_protocols(), count: 2)
    unsafe protocols[0].name = UnsafePointer(strdup("opamp"))
    unsafe protocols[0].callback = loopCallback
    unsafe protocols[0].rx_buffer_size = 4096
    return unsafe UnsafePointer(protocols)
}()

private nonisolated(unsafe) let noProxy = unsafe UnsafePointer<CChar>(strdup(""))

// MARK: - What OpenSSL calls

/// Decides on the server's certificate instead of libwebsockets, whose own callback forgets the reason.
private func verifyServer(_ store: OpaquePointer?, _ own: UnsafeMutableRawPointer?) -> Int32 {
    guard let own = unsafe own, let store = unsafe store else { return 0 }
    let context = unsafe Unmanaged<TLSContext>.fromOpaque(own).takeUnretainedValue()
    let ssl = unsafe X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
    let link = unsafe context.links[SSL_get_fd(OpaquePointer(ssl))]
    link?.evidence.presentedChain = unsafe presentedChain(store)
    guard context.key.skipVerify else {
        unsafe X509_STORE_CTX_set_verify_cb(store, { isGood, _ in isGood })
        let isGood = unsafe X509_verify_cert(store) == 1
        link?.evidence.verification = isGood ? .passed : unsafe .failed(X509_STORE_CTX_get_error(store))
        return isGood ? 1 : 0
    }
    unsafe X509_STORE_CTX_set_error(store, X509_V_OK)
    link?.evidence.verification = .passed
    return 1
}

private func presentedChain(_ store: OpaquePointer) -> [[UInt8]] {
    guard let leaf = unsafe X509_STORE_CTX_get0_cert(store) else { return [] }
    var chain = [unsafe derBytes(of: leaf)]
    let others = unsafe X509_STORE_CTX_get0_untrusted(store)
    for index in 0..<max(0, unsafe OPENSSL_sk_num(others)) {
        guard let other = unsafe OPENSSL_sk_value(others, index) else { continue }
        let der = unsafe derBytes(of: OpaquePointer(other))
        if der != chain[0] { chain.append(der) }
    }
    return chain
}

/// Records what is only said once: the end of the handshake, an alert of the peer, OpenSSL's own reason.
private func tlsProgressed(_ ssl: OpaquePointer?, _ place: Int32, _ value: Int32) {
    guard let ssl = unsafe ssl, let own = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return }
    let context = unsafe Unmanaged<TLSContext>.fromOpaque(own).takeUnretainedValue()
    if place & SSL_CB_HANDSHAKE_START != 0 { unsafe nameServer(context.key.host, to: ssl) }
    guard let link = unsafe context.links[SSL_get_fd(ssl)] else { return }
    if place & SSL_CB_HANDSHAKE_DONE != 0 { link.evidence.isTLSUp = true }
    let alert = value & 0xFF
    if place & SSL_CB_READ_ALERT == SSL_CB_READ_ALERT, alert != TLSAlert.closeNotify {
        link.evidence.peerAlert = TLSAlert(code: alert)
    }
    if place & SSL_CB_EXIT != 0, value <= 0 {
        let code = ERR_peek_error()
        if code != 0 { link.evidence.tlsError = TLSError(code: code) }
    }
}
