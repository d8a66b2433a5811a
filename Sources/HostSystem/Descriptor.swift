internal import CGlibc
import Glibc

/// An open file of this process, which no child inherits. It is closed when nobody holds it any more.
final class Descriptor: Sendable {
    let number: Int32

    private init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    static func pipe() throws(SystemError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemError(code: errno) }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// Whether `read` would not block: there is something, or the end.
    func isReadable(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&request, 1, milliseconds) > 0
    }

    /// Blocks until there is something.
    ///
    /// - Returns: at most 64 KiB; nothing at the end.
    func read() throws(SystemError) -> [UInt8] {
        var problem: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            var length = -1
            repeat {
                length = unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
            } while length < 0 && errno == EINTR
            if length < 0 { problem = errno }
            count = max(0, length)
        }
        guard problem == 0 else { throw SystemError(code: problem) }
        return bytes
    }

    /// Blocks until all of it is written.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError(code: errno) }
            rest = rest.dropFirst(count)
        }
    }
}
