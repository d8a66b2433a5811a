import Glibc

/// Why the operating system refused: an `errno` value. The caller reads `errno` before any other call can change it.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Int32

    public init(code: Int32) { self.code = code }

    /// The system's words. Safe on every thread, unlike `strerror`.
    public var description: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress else { return "error \(code)" }
            unsafe strerror_r(code, start, buffer.count)
            return unsafe String(cString: start)
        }
    }
}
