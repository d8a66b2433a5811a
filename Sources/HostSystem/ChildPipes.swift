import Glibc
import Synchronization

/// What a child reads from its standard input.
package final class ChildInput: Sendable {
    private let end: Mutex<Descriptor?>

    init(_ end: Descriptor?) { self.end = Mutex(end) }

    /// Waits until the child's pipe has taken all of it; the caller's thread is free meanwhile.
    ///
    /// - Throws: EPIPE when nobody reads any more; EBADF when there is no pipe or it is closed.
    package func write(_ bytes: [UInt8]) async throws(SystemError) {
        guard let end = end.withLock({ $0 }) else { throw SystemError(code: EBADF) }
        // A thread of this kind has SIGPIPE blocked.
        try await DetachedThread.result { () throws(SystemError) in try end.write(bytes) }
    }

    /// The child reads the end, behind what has been written.
    package func close() { end.withLock { $0 = nil } }
}

/// What a child writes to its standard output or standard error; nothing where that is no pipe.
package struct ChildOutput: Sendable {
    let end: Descriptor?

    /// Waits until there is something; the caller's thread is free meanwhile.
    ///
    /// - Returns: at most 64 KiB. Nothing at the end, which comes when the child and all who have inherited its output
    ///   have closed it.
    package func next() async throws(SystemError) -> [UInt8] {
        guard let end else { return [] }
        return try await DetachedThread.result { () throws(SystemError) in try end.read() }
    }

    /// Everything up to the end.
    package func rest() async throws(SystemError) -> [UInt8] {
        guard let end else { return [] }
        return try await DetachedThread.result { () throws(SystemError) in
            var bytes: [UInt8] = []
            while true {
                let more = try end.read()
                if more.isEmpty { return bytes }
                bytes += more
            }
        }
    }
}
