internal import COpenSSL
import Glibc
import Vocabulary

/// The bytes of a connected socket, behind TLS or not. Nothing here waits.
///
/// OpenSSL writes with write(2); SIGPIPE is ignored since libwebsockets' context was made.
@safe final class SocketStream {
    enum Progress {
        case moved(Int)
        /// Go on when the socket is ready.
        case blocked
        /// - Parameter isClean: the other side has said that nothing more comes.
        case ended(isClean: Bool)
    }

    let socket: Int32
    private let ssl: OpaquePointer?
    /// After an error OpenSSL says no goodbye.
    private var isBroken = false

    /// Takes the socket over in any case.
    ///
    /// - Parameter context: `nil` without TLS.
    /// - Throws: when there is no memory.
    init(_ socket: Int32, context: OpaquePointer?) throws(DialFailure) {
        self.socket = socket
        guard let context = unsafe context else {
            unsafe ssl = nil
            return
        }
        guard let ssl = unsafe SSL_new(context) else {
            Glibc.close(socket)
            throw DialFailure(.policy, "no TLS connection could be made")
        }
        unsafe self.ssl = ssl
        unsafe SSL_set_fd(ssl, socket)
        let protocols = [UInt8(8)] + Array("http/1.1".utf8)
        unsafe SSL_set_alpn_protos(ssl, protocols, UInt32(protocols.count))
        _ = unsafe SSL_ctrl(
            ssl, SSL_CTRL_MODE, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER), nil)
        unsafe SSL_set_connect_state(ssl)
    }

    /// Of TLS; without TLS there is nothing to do.
    func shakeHands() -> Progress {
        guard let ssl = unsafe ssl else { return .moved(0) }
        return unsafe progress(of: ssl) { unsafe SSL_do_handshake(ssl) }
    }

    /// As OpenSSL writes it; `nil` without TLS.
    var version: String? { unsafe ssl.map { unsafe tlsVersion(of: $0) } }

    func write(_ bytes: ArraySlice<UInt8>) -> Progress {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let ssl = unsafe ssl else {
                return progress(unsafe send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)))
            }
            return unsafe progress(of: ssl) {
                unsafe SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
            }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Progress {
        guard let ssl = unsafe ssl else {
            let count = unsafe recv(socket, buffer.baseAddress, buffer.count, 0)
            return count == 0 ? .ended(isClean: true) : progress(count)
        }
        return unsafe progress(of: ssl) {
            unsafe SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        }
    }

    private func progress(_ count: Int) -> Progress {
        if count >= 0 { return .moved(count) }
        return errno == EAGAIN || errno == EINTR ? .blocked : .ended(isClean: false)
    }

    private func progress(of ssl: OpaquePointer, _ step: () -> Int32) -> Progress {
        // What another connection left there would count as ours.
        ERR_clear_error()
        let result = step()
        if result > 0 { return .moved(Int(result)) }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .blocked
        case SSL_ERROR_ZERO_RETURN: return .ended(isClean: true)
        default:
            isBroken = true
            ERR_clear_error()
            return .ended(isClean: false)
        }
    }

    /// The last that is done with it. Of TLS the other side is told, as far as the socket takes it.
    func close() {
        if let ssl = unsafe ssl {
            if !isBroken, unsafe SSL_is_init_finished(ssl) == 1 { unsafe SSL_shutdown(ssl) }
            unsafe SSL_free(ssl)
            ERR_clear_error()
        }
        Glibc.close(socket)
    }
}
