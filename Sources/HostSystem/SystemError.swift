import Glibc

/// Why the operating system refused: an `errno` value. The caller reads `errno` before any other call can change it.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: Int32

    package init(code: Int32) { self.code = code }

    /// The system's words. Safe on every thread, unlike `strerror`.
    package var description: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress else { return "error \(code)" }
            unsafe strerror_r(code, start, buffer.count)
            return unsafe String(cString: start)
        }
    }
}
