import Glibc
import Vocabulary

/// `CONNECT` on a connection to a proxy, with a deadline over the whole of it.
struct ProxyHandshake {
    let stream: any ByteStream
    let socket: Int32
    /// The proxy's host and port, and the server's, for messages.
    let proxy: String
    let server: String
    /// Microseconds of the monotonic clock.
    let deadline: Int64

    private static let answerLimit = 8 * 1024

    func run(_ request: [UInt8]) throws(DialFailure) {
        try send(request)
        let answer = try receiveHead()
        let line = answer.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        let parts = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].utf8.count == 3, let status = Int(parts[1])
        else { throw broken("the answer of the proxy \(proxy) is not HTTP") }
        guard (200...299).contains(status) else {
            throw DialFailure(
                .proxy, "the proxy \(proxy) answered CONNECT \(server) with HTTP status \(status)", httpStatus: status,
                proxyProblem: .refused(status: status))
        }
    }

    private func send(_ request: [UInt8]) throws(DialFailure) {
        var rest = request[...]
        while !rest.isEmpty { rest = rest.dropFirst(try wait { stream.write(rest) }) }
    }

    /// Reads to the empty line. After a refusal a body may follow, whose end is of no interest.
    private func receiveHead() throws(DialFailure) -> [UInt8] {
        var head: [UInt8] = []
        while !head.has("\r\n\r\n".utf8) {
            head += try wait { stream.read(upTo: 1024) }
            guard head.count <= Self.answerLimit else {
                throw broken("the answer of the proxy \(proxy) is longer than \(Self.answerLimit) bytes")
            }
        }
        return head
    }

    private func wait<Value>(for step: () -> StreamStep<Value>) throws(DialFailure) -> Value {
        while true {
            switch step() {
            case .done(let value): return value
            case .wait(let events):
                guard waitFor(events, on: socket, until: deadline) else {
                    throw DialFailure(
                        .timeout, "the proxy \(proxy) did not answer CONNECT \(server) in time", proxyProblem: .broken)
                }
            case .ended:
                let hint = stream is PlainStream ? "; if it expects TLS, its URL begins with https://" : ""
                throw broken("the proxy \(proxy) closed the connection before it answered\(hint)")
            case .failed(let reason): throw broken("the connection to the proxy \(proxy) broke: \(reason)")
            case .certificateRefused(let reason):
                throw DialFailure(
                    .proxy, "the proxy \(proxy) ended TLS with the alert \"\(reason)\"",
                    proxyProblem: .certificateRefused)
            }
        }
    }

    private func broken(_ detail: String) -> DialFailure { DialFailure(.proxy, detail, proxyProblem: .broken) }
}
