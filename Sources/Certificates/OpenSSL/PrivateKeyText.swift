internal import COpenSSL
import Vocabulary

extension KeyHandle {
    /// The one private key of a PEM text, of whatever kind.
    convenience init(privateKeyPEM pem: Secret) throws(CertificateFailure) {
        let block = try PEM.blocks(of: pem.revealText(), .privateKey, atMost: 1)[0]
        do throws(CertificateFailure) {
            let key = try unsafe decoded(block.bytes, as: .privateKey, freedBy: EVP_PKEY_free) { cursor, count in
                unsafe d2i_AutoPrivateKey(nil, cursor, count)
            }
            unsafe self.init(takingOwnership: key)
        } catch {
            throw error.inBlock(at: block.line)
        }
    }

    /// The first private key of a PEM text, encrypted or not.
    convenience init(encryptedPEM pem: Secret, passphrase: Secret) throws(CertificateFailure) {
        let text = pem.reveal()
        guard text.count <= Limits.pemBytes else { throw .unreadable(.privateKey, reasons: ["longer than any key"]) }
        ERR_clear_error()
        // Without a callback the last argument is the passphrase, ended by a NUL.
        let secret = passphrase.reveal() + [0]
        let key = unsafe text.withUnsafeBufferPointer { text -> OpaquePointer? in
            guard let source = unsafe BIO_new_mem_buf(text.baseAddress, Int32(text.count)) else { return nil }
            defer { unsafe BIO_free(source) }
            return unsafe secret.withUnsafeBytes { secret in
                unsafe PEM_read_bio_PrivateKey(
                    source, nil, nil, UnsafeMutableRawPointer(mutating: secret.baseAddress))
            }
        }
        guard let key = unsafe key else { throw .unreadable(.privateKey, reasons: LibraryCall.drainedReasons()) }
        unsafe self.init(takingOwnership: key)
    }

    /// PKCS#8, unencrypted.
    func privateKeyPEM() throws(CertificateFailure) -> Secret {
        let pkcs8 = try unsafe withPointer { key throws(CertificateFailure) in
            let info = try unsafe LibraryCall.owned("encode a private key", freedBy: PKCS8_PRIV_KEY_INFO_free) {
                unsafe EVP_PKEY2PKCS8(key)
            }
            return try unsafe encoded("encode a private key") { target in
                unsafe i2d_PKCS8_PRIV_KEY_INFO(info.pointer, target)
            }
        }
        return Secret(PEM.text(of: pkcs8, label: PEM.privateKey))
    }
}
