internal import COpenSSL

/// Owns one EVP_PKEY.
///
/// Unchecked, because the compiler cannot see that the key is never changed after `init` and that libcrypto allows any
/// number of threads to read one EVP_PKEY at a time: its reference count and its caches are guarded inside.
@safe final class KeyHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(takingOwnership pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    /// - Throws: `CertificateFailure.unreadable` unless the bytes are exactly one public key.
    convenience init(spki: [UInt8]) throws(CertificateFailure) {
        try unsafe self.init(
            takingOwnership: decoded(spki, as: .publicKey, freedBy: EVP_PKEY_free) { cursor, count in
                unsafe d2i_PUBKEY(nil, cursor, count)
            })
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    func withPointer<Result: ~Copyable, Failure: Error>(
        _ body: (OpaquePointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(pointer)
    }

    /// Whether the public half follows from the private one.
    func isPair() throws(CertificateFailure) -> Bool {
        let context = try unsafe LibraryCall.owned("check a key pair", freedBy: EVP_PKEY_CTX_free) {
            unsafe EVP_PKEY_CTX_new(pointer, nil)
        }
        defer { ERR_clear_error() }
        return unsafe EVP_PKEY_pairwise_check(context.pointer) == 1
    }

    /// The length of the modulus; `nil` for any other kind of key, RSA that is only for PSS among them.
    var rsaBits: Int? {
        unsafe EVP_PKEY_get_base_id(pointer) == EVP_PKEY_RSA ? Int(EVP_PKEY_get_bits(pointer)) : nil
    }

    /// SubjectPublicKeyInfo, DER.
    func publicKeyBytes() throws(CertificateFailure) -> [UInt8] {
        try unsafe encoded("encode a public key") { target in unsafe i2d_PUBKEY(pointer, target) }
    }
}

/// Runs one of libcrypto's `i2d_` functions: once for the size, once for the bytes.
func encoded(
    _ operation: String,
    _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
) throws(CertificateFailure) -> [UInt8] {
    ERR_clear_error()
    let size = encode(nil)
    guard size > 0 else { throw .library(operation: operation, reasons: LibraryCall.drainedReasons()) }
    var written: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
        var cursor = buffer.baseAddress
        written = unsafe encode(&cursor)
        count = Int(max(written, 0))
    }
    guard written == size else { throw .library(operation: operation, reasons: LibraryCall.drainedReasons()) }
    return bytes
}

/// Runs one of libcrypto's `d2i_` functions and insists that it used every byte.
func decoded(
    _ bytes: [UInt8],
    as material: CertificateFailure.Material,
    freedBy free: (OpaquePointer?) -> Void,
    _ decode: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?
) throws(CertificateFailure) -> OpaquePointer {
    ERR_clear_error()
    var consumed = 0
    let object = unsafe bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
        guard let start = buffer.baseAddress else { return nil }
        var cursor: UnsafePointer<UInt8>? = unsafe start
        let object = unsafe decode(&cursor, buffer.count)
        if let cursor = unsafe cursor { consumed = unsafe cursor - start }
        return unsafe object
    }
    guard let object = unsafe object else {
        throw .unreadable(material, reasons: LibraryCall.drainedReasons())
    }
    guard consumed == bytes.count else {
        unsafe free(object)
        throw .unreadable(material, reasons: ["bytes follow it"])
    }
    return unsafe object
}
