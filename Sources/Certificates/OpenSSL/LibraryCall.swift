internal import COpenSSL

/// The one owner of one opaque libcrypto object that lives for a call; the object is freed when the owner goes.
@safe struct Owned: ~Copyable {
    let pointer: OpaquePointer
    private let free: (OpaquePointer?) -> Void

    init(takingOwnership pointer: OpaquePointer, freedBy free: @escaping (OpaquePointer?) -> Void) {
        unsafe self.pointer = unsafe pointer
        unsafe self.free = unsafe free
    }

    deinit { unsafe free(pointer) }
}

/// Every call into libcrypto that can fail goes through here: the thread's error queue is empty before it and read
/// to its end after a failure, so that no reason is blamed on the wrong call.
enum LibraryCall {
    static func succeeds(
        _ operation: String,
        _ call: () -> Int32
    ) throws(CertificateFailure) {
        ERR_clear_error()
        guard call() > 0 else { throw .library(operation: operation, reasons: drainedReasons()) }
    }

    /// A call that makes an object; the owner frees it with `free`.
    static func owned(
        _ operation: String,
        freedBy free: @escaping (OpaquePointer?) -> Void,
        _ call: () -> OpaquePointer?
    ) throws(CertificateFailure) -> Owned {
        ERR_clear_error()
        guard let pointer = unsafe call() else { throw .library(operation: operation, reasons: drainedReasons()) }
        return unsafe Owned(takingOwnership: pointer, freedBy: free)
    }

    /// The reasons in the thread's error queue, oldest first, without what the caller passed in.
    static func drainedReasons() -> [String] {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return reasons }
            if let text = unsafe ERR_reason_error_string(code) {
                unsafe reasons.append(String(cString: text))
            } else {
                reasons.append("error \(String(code, radix: 16))")
            }
        }
    }
}
