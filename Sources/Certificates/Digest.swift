internal import COpenSSL

public enum Digest {
    /// SHA-256 (FIPS 180-4): 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
            let made = unsafe SHA256(bytes, bytes.count, buffer.baseAddress)
            // The arguments are in range; a libcrypto without SHA-256 cannot do anything this package is for.
            precondition(unsafe made != nil, "libcrypto has no SHA-256")
            count = Int(SHA256_DIGEST_LENGTH)
        }
    }
}
