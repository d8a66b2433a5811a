import Glibc
import HostSystem
import Vocabulary

/// `CONNECT` on a connected socket, with a deadline over the whole of it.
struct ProxyHandshake {
    let socket: Int32
    /// Microseconds of the monotonic clock.
    let deadline: Int64

    private static let answerLimit = 8 * 1024

    func run(_ request: [UInt8]) throws(DialFailure) {
        try send(request)
        let answer = try receiveHead()
        let line = answer.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        let parts = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].utf8.count == 3, let status = Int(parts[1])
        else { throw DialFailure(.proxy, "the proxy's answer is not HTTP") }
        guard (200...299).contains(status) else {
            throw DialFailure(.proxy, "the proxy answered with HTTP status \(status)", httpStatus: status)
        }
    }

    private func send(_ request: [UInt8]) throws(DialFailure) {
        var rest = request[...]
        while !rest.isEmpty {
            guard waitFor(Int16(POLLOUT), on: socket, until: deadline) else { throw timedOut }
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { throw DialFailure(.proxy, "writing to the proxy: \(SystemError(code: errno))") }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads to the empty line. After a refusal a body may follow, whose end is of no interest.
    private func receiveHead() throws(DialFailure) -> [UInt8] {
        var head: [UInt8] = []
        while !head.contains("\r\n\r\n".utf8) {
            guard waitFor(Int16(POLLIN), on: socket, until: deadline) else { throw timedOut }
            var piece = [UInt8](repeating: 0, count: 1024)
            let count = unsafe piece.withUnsafeMutableBytes { bytes in
                unsafe recv(socket, bytes.baseAddress, bytes.count, 0)
            }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { throw DialFailure(.proxy, "the proxy closed the connection before it answered") }
            head += piece.prefix(count)
            guard head.count <= Self.answerLimit else {
                throw DialFailure(.proxy, "the proxy's answer is longer than \(Self.answerLimit) bytes")
            }
        }
        return head
    }

    private var timedOut: DialFailure { DialFailure(.timeout, "the proxy did not answer CONNECT in time") }
}
