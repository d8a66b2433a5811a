internal import COpenSSL

public enum ConstantTime {
    /// Compares two values of one length in a time that does not depend on where they differ (`CRYPTO_memcmp`).
    ///
    /// Values of different lengths are unequal, and that is known at once: a length is no secret.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }
}
