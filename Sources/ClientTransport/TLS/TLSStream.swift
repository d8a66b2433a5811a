internal import COpenSSL
import Glibc
import HostSystem
import Vocabulary

/// The client's side of TLS, for HTTP/1.1.
///
/// OpenSSL writes with write(2); SIGPIPE is ignored since libwebsockets' context was made.
@safe final class TLSStream: ByteStream {
    private let ssl: OpaquePointer
    /// After an error OpenSSL says no goodbye.
    private var isBroken = false

    /// - Parameters:
    ///   - host: what the server is asked for by name.
    ///   - context: the stream keeps a reference of its own.
    /// - Throws: when there is no memory.
    init(on socket: Int32, to host: String, context: OpaquePointer) throws(DialFailure) {
        guard let ssl = unsafe SSL_new(context) else { throw Self.notMade }
        guard unsafe SSL_set_fd(ssl, socket) == 1 else {
            unsafe SSL_free(ssl)
            throw Self.notMade
        }
        unsafe SSL_set_connect_state(ssl)
        let protocols = [UInt8(8)] + Array("http/1.1".utf8)
        unsafe SSL_set_alpn_protos(ssl, protocols, UInt32(protocols.count))
        // Whatever remains of a buffer is at another address when it is written again.
        let modes = Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        _ = unsafe SSL_ctrl(ssl, SSL_CTRL_MODE, modes, nil)
        unsafe nameServer(host, to: ssl)
        unsafe self.ssl = ssl
    }

    deinit { unsafe SSL_free(ssl) }

    private static let notMade = DialFailure(.policy, "OpenSSL makes no client connection on this host")

    func shakeHands() -> StreamStep<Void> { step { unsafe SSL_do_handshake(ssl) }.map { _ in } }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamStep<Int> {
        step { unsafe SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count)) }
    }

    func write(_ bytes: ArraySlice<UInt8>) -> StreamStep<Int> {
        step {
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
            }
        }
    }

    func sayEnd() {
        guard !isBroken, unsafe SSL_is_init_finished(ssl) == 1 else { return }
        unsafe SSL_shutdown(ssl)
        ERR_clear_error()
    }

    var version: String? { unsafe tlsVersion(of: ssl) }

    /// Why the other side's certificate was refused; `nil` if it was not.
    var verificationProblem: String? {
        let code = unsafe Int32(truncatingIfNeeded: SSL_get_verify_result(ssl))
        return code == X509_V_OK ? nil : verificationWords(code)
    }

    /// One call of OpenSSL whose positive result is a success.
    private func step(_ call: () -> Int32) -> StreamStep<Int> {
        // What another connection left there would count as ours.
        ERR_clear_error()
        defer { ERR_clear_error() }
        let result = call()
        if result > 0 { return .done(Int(result)) }
        // Read before anything else can change it.
        let system = SystemError(code: errno)
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wait(Int16(POLLIN))
        case SSL_ERROR_WANT_WRITE: return .wait(Int16(POLLOUT))
        case SSL_ERROR_ZERO_RETURN: return .ended(isClean: true)
        case SSL_ERROR_SYSCALL:
            isBroken = true
            return system.code == 0 ? .ended(isClean: false) : .failed("\(system)")
        default:
            isBroken = true
            let error = TLSError(code: ERR_peek_error())
            if error.isUnexpectedEnd { return .ended(isClean: false) }
            guard let alert = error.peerAlert else { return .failed(error.words) }
            return alert.isAboutOurCertificate
                ? .certificateRefused(alert.words) : .failed("the other side sent the alert \"\(alert.words)\"")
        }
    }
}
