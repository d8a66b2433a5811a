internal import CWebSockets
import Glibc
import HostSystem
import Vocabulary

/// Carries bytes between libwebsockets, which gets one end of a pair of sockets, and an https proxy: libwebsockets knows one
/// layer of TLS only, and that is the server's. It runs on the thread of the dial.
final class TunnelPump {
    private let tls: TLSStream
    /// To the proxy.
    private let socket: Int32
    /// The other end of what libwebsockets has.
    private let inner: Int32
    private let client: PlainStream

    /// What is under way in one direction.
    private struct Flow {
        var bytes: ArraySlice<UInt8> = []
        var isEnded = false
    }

    private static let pieceSize = 16 * 1024
    /// How long a proxy may take to read what a client said last, in microseconds.
    private static let lastWords: Int64 = 2_000_000

    private init(_ tls: TLSStream, on socket: Int32, inner: Int32) {
        self.tls = tls
        self.socket = socket
        self.inner = inner
        client = PlainStream(inner)
    }

    /// A pump that owns the socket to the proxy from now on, and the descriptor that takes its place.
    ///
    /// - Throws: `DialFailure` when there are no more descriptors; then the socket is still the caller's.
    static func make(_ tls: TLSStream, on socket: Int32) throws(DialFailure) -> (pump: TunnelPump, end: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw DialFailure(.tcp, "no sockets for the connection through the proxy: \(SystemError(code: errno))")
        }
        return (TunnelPump(tls, on: socket, inner: ends[0]), ends[1])
    }

    /// Returns when either side has ended the connection, and everything that is owed to the other one was passed on.
    func run() {
        defer {
            tls.sayEnd()
            close(inner)
            close(socket)
        }
        var toClient = Flow()
        var toProxy = Flow()
        var limit: Int64?
        while true {
            var proxyEvents: Int16 = 0
            var clientEvents: Int16 = 0
            carry(&toProxy, from: client, to: tls, reading: &clientEvents, writing: &proxyEvents)
            if toProxy.isEnded {
                if toProxy.bytes.isEmpty { return }
                limit = limit ?? monotonicMicroseconds() + Self.lastWords
            } else {
                carry(&toClient, from: tls, to: client, reading: &proxyEvents, writing: &clientEvents)
                if toClient.isEnded, toClient.bytes.isEmpty { return }
            }
            guard wait(proxy: proxyEvents, client: clientEvents, until: limit) else { return }
        }
    }

    /// Passes on what is there until one of the two has to be waited for.
    private func carry(
        _ flow: inout Flow, from source: any ByteStream, to sink: any ByteStream, reading: inout Int16,
        writing: inout Int16
    ) {
        while true {
            if flow.bytes.isEmpty {
                guard !flow.isEnded else { return }
                switch source.read(upTo: Self.pieceSize) {
                case .done(let bytes): flow.bytes = bytes[...]
                case .wait(let events): return reading |= events
                case .ended, .failed, .certificateRefused: return flow.isEnded = true
                }
            }
            switch sink.write(flow.bytes) {
            case .done(let count): flow.bytes = flow.bytes.dropFirst(count)
            case .wait(let events): return writing |= events
            case .ended, .failed, .certificateRefused: return flow = Flow(isEnded: true)
            }
        }
    }

    private func wait(proxy proxyEvents: Int16, client clientEvents: Int16, until limit: Int64?) -> Bool {
        // A descriptor from which nothing is wanted would tell of its end again and again.
        var entries = [
            pollfd(fd: proxyEvents == 0 ? -1 : socket, events: proxyEvents, revents: 0),
            pollfd(fd: clientEvents == 0 ? -1 : inner, events: clientEvents, revents: 0),
        ]
        let left = limit.map { Int32(clamping: max(0, $0 - monotonicMicroseconds()) / 1000 + 1) } ?? -1
        let count = unsafe poll(&entries, nfds_t(entries.count), left)
        return count > 0 || count < 0 && errno == EINTR
    }
}
