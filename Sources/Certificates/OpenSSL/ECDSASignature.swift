internal import COpenSSL

/// The two forms of one ECDSA signature on P-256: r||s as JWS wants it, DER as libcrypto wants it.
enum ECDSASignature {
    static let rawCount = 64

    static func der(fromRaw raw: [UInt8]) throws(CertificateFailure) -> [UInt8] {
        guard raw.count == rawCount else { throw .library(operation: "read a signature", reasons: ["not 64 bytes"]) }
        let signature = try unsafe LibraryCall.owned("read a signature", freedBy: ECDSA_SIG_free) {
            unsafe ECDSA_SIG_new()
        }
        let r = unsafe BN_bin2bn(Array(raw[..<32]), 32, nil)
        let s = unsafe BN_bin2bn(Array(raw[32...]), 32, nil)
        guard unsafe ECDSA_SIG_set0(signature.pointer, r, s) == 1 else {
            unsafe BN_free(r)
            unsafe BN_free(s)
            throw .library(operation: "read a signature", reasons: LibraryCall.drainedReasons())
        }
        return try unsafe encoded("read a signature") { target in unsafe i2d_ECDSA_SIG(signature.pointer, target) }
    }

    static func raw(fromDER der: [UInt8]) throws(CertificateFailure) -> [UInt8] {
        let signature = try unsafe LibraryCall.owned("convert a signature", freedBy: ECDSA_SIG_free) {
            unsafe der.withUnsafeBufferPointer { buffer in
                var cursor = buffer.baseAddress
                return unsafe d2i_ECDSA_SIG(nil, &cursor, buffer.count)
            }
        }
        var raw = [UInt8](repeating: 0, count: rawCount)
        let fits = unsafe raw.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe BN_bn2binpad(ECDSA_SIG_get0_r(signature.pointer), start, 32) == 32
                && BN_bn2binpad(ECDSA_SIG_get0_s(signature.pointer), start + 32, 32) == 32
        }
        guard fits else { throw .library(operation: "convert a signature", reasons: LibraryCall.drainedReasons()) }
        return raw
    }
}
