internal import COpenSSL

public enum RandomBytes {
    /// Unpredictable bytes from libcrypto's generator; only shells call this.
    public static func generate(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= Int32.max, "a count of random bytes is a small whole number")
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Going on with predictable keys or tokens would be worse than stopping.
            unsafe precondition(count == 0 || RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "no random bytes")
            initialized = count
        }
    }
}
