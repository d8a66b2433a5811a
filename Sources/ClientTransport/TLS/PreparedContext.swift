internal import COpenSSL
import HostSystem
import Vocabulary

/// An SSL_CTX made ahead of its dial, on another thread, while the loop has something else to wait for.
///
/// Unchecked, because one thread makes it and hands it to the loop's thread, which alone touches it from then on.
@safe final class PreparedContext: @unchecked Sendable {
    let key: TLSContext.Key
    private var context: OpaquePointer?

    /// - Throws: `DialFailure` with cause `policy`, which the dial itself will meet again.
    init(_ key: TLSContext.Key) throws(DialFailure) {
        self.key = key
        unsafe context = try makeSSLContext(key)
    }

    /// Gives it away; the caller frees it.
    func take() -> OpaquePointer? {
        let taken = unsafe context
        unsafe context = nil
        return unsafe taken
    }

    deinit { unsafe SSL_CTX_free(context) }
}

extension EventLoop {
    /// Makes what a dial with this key needs, if nothing like it is there. Whatever fails is made by the dial instead.
    func prepare(_ key: TLSContext.Key) {
        guard key.isTLS, isOpen, tlsContexts[key] == nil else { return }
        do throws(SystemError) {
            try dialThreads.run {
                if let made = try? PreparedContext(key) { self.perform { self.preparedTLS = made } }
                return nil
            }
        } catch {}
    }

    /// What was prepared for this key, to be freed by the caller; what was prepared for another goes.
    func takePrepared(for key: TLSContext.Key) -> OpaquePointer? {
        let prepared = preparedTLS
        preparedTLS = nil
        return prepared?.key == key ? unsafe prepared?.take() : nil
    }
}
