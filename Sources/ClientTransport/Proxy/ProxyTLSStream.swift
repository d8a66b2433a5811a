internal import COpenSSL
import Glibc
import HostSystem
import Vocabulary

/// TLS with an https proxy on a connected socket. The thread of the dial owns it; the socket belongs to somebody else.
@safe final class ProxyTLSStream: ByteStream {
    private let ssl: OpaquePointer
    private let socket: Int32
    private let proxy: ProxySettings

    /// - Throws: `DialFailure` with cause `policy` when the settings themselves cannot work.
    init(on socket: Int32, to proxy: ProxySettings, _ settings: ProxyTLS) throws(DialFailure) {
        let context = unsafe try makeSSLContext(TLSContext.Key(proxy, settings))
        // The SSL keeps the context.
        defer { unsafe SSL_CTX_free(context) }
        guard let ssl = unsafe SSL_new(context), unsafe SSL_set_fd(ssl, socket) == 1 else {
            throw DialFailure(.policy, "OpenSSL makes no client connection on this host")
        }
        unsafe SSL_set_connect_state(ssl)
        // Whatever remains of a buffer is at another address when it is written again.
        let modes = Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        _ = unsafe SSL_ctrl(ssl, SSL_CTRL_MODE, modes, nil)
        unsafe nameServer(proxy.host, to: ssl)
        unsafe self.ssl = ssl
        self.socket = socket
        self.proxy = proxy
    }

    deinit { unsafe SSL_free(ssl) }

    func shakeHands(until deadline: Int64) throws(DialFailure) {
        while true {
            switch step({ unsafe SSL_do_handshake(ssl) }) {
            case .done: return
            case .wait(let events):
                guard waitFor(events, on: socket, until: deadline) else {
                    throw failure(.timeout, "did not finish in time", .broken)
                }
            case .ended: throw failure(.proxy, "was ended by the proxy", .broken)
            case .certificateRefused(let alert):
                throw failure(.proxy, "was ended by the proxy with the alert \"\(alert)\"", .certificateRefused)
            case .failed(let reason):
                let code = unsafe Int32(truncatingIfNeeded: SSL_get_verify_result(ssl))
                guard code == X509_V_OK else {
                    throw failure(.proxy, "failed: its certificate was refused: \(verificationWords(code))", .untrusted)
                }
                throw failure(
                    .proxy, "failed: \(reason); if the proxy expects no TLS, its URL begins with http://", .broken)
            }
        }
    }

    private func failure(_ cause: MoveCause, _ words: String, _ problem: ProxyProblem) -> DialFailure {
        DialFailure(cause, "the TLS handshake with the proxy \(proxy.origin) \(words)", proxyProblem: problem)
    }

    func read(upTo limit: Int) -> StreamStep<[UInt8]> {
        var bytes: [UInt8] = []
        let step = step {
            var count: Int32 = 0
            bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, used in
                unsafe count = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
                used = Int(max(0, count))
            }
            return count
        }
        return step.map { _ in bytes }
    }

    func write(_ bytes: ArraySlice<UInt8>) -> StreamStep<Int> {
        step {
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
            }
        }
    }

    /// Says that nothing follows, as far as the socket takes it now.
    func sayEnd() {
        ERR_clear_error()
        _ = unsafe SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// One call of OpenSSL whose positive result is a success.
    private func step(_ call: () -> Int32) -> StreamStep<Int> {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let result = call()
        if result > 0 { return .done(Int(result)) }
        // Read before anything else can change it.
        let system = SystemError(code: errno)
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wait(Int16(POLLIN))
        case SSL_ERROR_WANT_WRITE: return .wait(Int16(POLLOUT))
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL: return system.code == 0 ? .ended : .failed("\(system)")
        default:
            let error = TLSError(code: ERR_peek_error())
            if error.isUnexpectedEnd { return .ended }
            guard let alert = error.peerAlert else { return .failed(error.words) }
            return alert.isAboutOurCertificate
                ? .certificateRefused(alert.words) : .failed("the proxy sent the alert \"\(alert.words)\"")
        }
    }
}
