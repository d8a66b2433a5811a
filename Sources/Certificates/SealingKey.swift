internal import COpenSSL
public import Vocabulary

/// Keeps secrets at rest: AES-256-GCM (NIST SP 800-38D) with a fresh random nonce each time.
///
/// Sealed bytes: format (1 byte, `1`), nonce (12), ciphertext, tag (16). Format and context are authenticated too.
public struct SealingKey: Sendable {
    private static let format: UInt8 = 1
    private static let nonceCount = 12
    private static let tagCount = 16
    private let key: Secret

    /// - Throws: `CertificateFailure.invalidSealingKey` unless there are exactly 32 bytes.
    public init(_ key: Secret) throws(CertificateFailure) {
        let count = key.reveal().count
        guard count == 32 else { throw .invalidSealingKey(bytes: count) }
        self.key = key
    }

    /// - Parameter context: where the sealed bytes will stand; they open nowhere else.
    public func seal(_ secret: Secret, context: String) throws(CertificateFailure) -> [UInt8] {
        let operation = "seal a secret"
        let nonce = RandomBytes.generate(Self.nonceCount)
        let text = secret.reveal()
        let cipher = try unsafe LibraryCall.owned(operation, freedBy: EVP_CIPHER_CTX_free) {
            unsafe EVP_CIPHER_CTX_new()
        }
        var sealed = [UInt8](repeating: 0, count: text.count)
        var tag = [UInt8](repeating: 0, count: Self.tagCount)
        var count: Int32 = 0
        let associated = Self.associated(context)
        try LibraryCall.succeeds(operation) {
            unsafe EVP_EncryptInit_ex(cipher.pointer, EVP_aes_256_gcm(), nil, key.reveal(), nonce)
        }
        try LibraryCall.succeeds(operation) {
            unsafe EVP_EncryptUpdate(cipher.pointer, nil, &count, associated, Int32(associated.count))
        }
        try LibraryCall.succeeds(operation) {
            unsafe EVP_EncryptUpdate(cipher.pointer, &sealed, &count, text, Int32(text.count))
        }
        try LibraryCall.succeeds(operation) { unsafe EVP_EncryptFinal_ex(cipher.pointer, nil, &count) }
        try LibraryCall.succeeds(operation) {
            unsafe EVP_CIPHER_CTX_ctrl(cipher.pointer, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagCount), &tag)
        }
        return [Self.format] + nonce + sealed + tag
    }

    /// - Throws: `CertificateFailure.brokenSeal` when a single bit or the context differs; `.unknownSeal`.
    public func open(_ sealed: [UInt8], context: String) throws(CertificateFailure) -> Secret {
        let operation = "open a sealed secret"
        guard sealed.count >= 1 + Self.nonceCount + Self.tagCount, sealed[0] == Self.format else { throw .unknownSeal }
        let nonce = Array(sealed[1...].prefix(Self.nonceCount))
        let text = Array(sealed.dropFirst(1 + Self.nonceCount).dropLast(Self.tagCount))
        var tag = Array(sealed.suffix(Self.tagCount))
        let cipher = try unsafe LibraryCall.owned(operation, freedBy: EVP_CIPHER_CTX_free) {
            unsafe EVP_CIPHER_CTX_new()
        }
        var opened = [UInt8](repeating: 0, count: text.count)
        var count: Int32 = 0
        let associated = Self.associated(context)
        try LibraryCall.succeeds(operation) {
            unsafe EVP_DecryptInit_ex(cipher.pointer, EVP_aes_256_gcm(), nil, key.reveal(), nonce)
        }
        try LibraryCall.succeeds(operation) {
            unsafe EVP_CIPHER_CTX_ctrl(cipher.pointer, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagCount), &tag)
        }
        try LibraryCall.succeeds(operation) {
            unsafe EVP_DecryptUpdate(cipher.pointer, nil, &count, associated, Int32(associated.count))
        }
        try LibraryCall.succeeds(operation) {
            unsafe EVP_DecryptUpdate(cipher.pointer, &opened, &count, text, Int32(text.count))
        }
        ERR_clear_error()
        guard unsafe EVP_DecryptFinal_ex(cipher.pointer, nil, &count) == 1 else {
            ERR_clear_error()
            throw .brokenSeal
        }
        return Secret(opened)
    }

    private static func associated(_ context: String) -> [UInt8] { [format] + Array(context.utf8) }
}
