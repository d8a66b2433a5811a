import Glibc
import HostSystem
import Vocabulary

/// A TCP connection to an endpoint, made by a thread that may wait: names, every address, the proxy's CONNECT.
///
/// libwebsockets would resolve names on the loop, try addresses silently and lose `errno`, and knows only one proxy
/// header; so it is given a connected socket instead.
struct SocketDial: Sendable {
    let host: String
    let port: UInt16
    let timeout: Duration
    let network: Network
    /// Who stands between, if anyone.
    private let proxy: Proxy?

    private struct Proxy {
        let settings: ProxySettings
        let tls: ProxyTLS
        /// The server's host and port.
        let server: String
        /// What to say to it, once connected.
        let request: [UInt8]
    }

    /// - Throws: `DialFailure` with cause `policy` if the proxy's headers cannot be sent.
    init(_ settings: DialSettings, network: Network = .system) throws(DialFailure) {
        self.network = network
        host = settings.proxy?.host ?? settings.endpoint.host
        port = settings.proxy?.port ?? settings.endpoint.port
        timeout = settings.connectTimeout
        if let proxy = settings.proxy {
            self.proxy = Proxy(
                settings: proxy, tls: settings.proxyTLS, server: settings.endpoint.origin,
                request: try proxy.connectRequest(for: settings.endpoint))
        } else {
            proxy = nil
        }
    }

    /// Connects on a thread of its own, and comes back to the loop with what `connect` returned. Nothing can stop it: a
    /// resolver may wait longer than its caller does.
    func connect(on loop: EventLoop, _ receive: @escaping (Result<Int32, DialFailure>) -> Void) {
        let own = LoopBound(receive)
        do throws(SystemError) {
            try DetachedThread.start {
                let result = connect()
                let descriptor = result.map(\.descriptor)
                loop.perform { own.value(descriptor) }
                if case .success(let dialed) = result { dialed.pump?.run() }
            }
        } catch {
            loop.later { receive(.failure(DialFailure(.tcp, "no thread for the dial: \(error)"))) }
        }
    }

    /// Blocks, at longest for `timeout` after the name is resolved.
    func connect() -> Result<DialedSocket, DialFailure> {
        do throws(DialFailure) {
            let addresses = try resolve()
            let deadline = monotonicMicroseconds() + timeout.microseconds
            let socket = try connect(to: addresses, until: deadline)
            guard let proxy else { return .success(DialedSocket(descriptor: socket)) }
            do throws(DialFailure) {
                return .success(try tunnel(through: proxy, on: socket, until: deadline))
            } catch {
                close(socket)
                throw error
            }
        } catch {
            return .failure(error)
        }
    }

    private func tunnel(
        through proxy: Proxy, on socket: Int32, until deadline: Int64
    ) throws(DialFailure) -> DialedSocket {
        var tls: TLSStream?
        if proxy.settings.isTLS {
            tls = try ProxyTLSHandshake(proxy: proxy.settings, socket: socket, deadline: deadline).run(proxy.tls)
        }
        try ProxyHandshake(
            stream: tls ?? PlainStream(socket), socket: socket, proxy: proxy.settings.origin, server: proxy.server,
            deadline: deadline
        ).run(proxy.request)
        guard let tls else { return DialedSocket(descriptor: socket) }
        let (pump, end) = try TunnelPump.make(tls, on: socket)
        return DialedSocket(descriptor: end, pump: pump)
    }

    private var name: String { "\(proxy == nil ? "" : "the proxy's name ")\(host)" }
    private var place: String { "\(proxy == nil ? "" : "the proxy ")\(host):\(port)" }

    private func failure(_ cause: MoveCause, _ detail: String) -> DialFailure {
        guard let proxy else { return DialFailure(cause, detail) }
        return DialFailure(.proxy, detail, proxyProblem: .notReached(origin: proxy.settings.origin))
    }

    func resolve() throws(DialFailure) -> [SocketAddress] {
        let addresses: [SocketAddress]
        switch network.resolve(host, port) {
        case .success(let found): addresses = found
        case .failure(let problem):
            var failure = failure(.dns, "resolving \(name): \(problem.words)")
            failure.isTemporary = problem.isTemporary
            throw failure
        }
        guard !addresses.isEmpty else { throw failure(.dns, "resolving \(name): no address") }
        return addresses
    }

    /// Tries every address once, in turn; each gets its share of the time that is left. Whether and when to try again
    /// is the core's to say.
    ///
    /// - Parameter deadline: microseconds of the monotonic clock.
    func connect(to addresses: [SocketAddress], until deadline: Int64) throws(DialFailure) -> Int32 {
        var problems: [(address: SocketAddress, error: SystemError)] = []
        for (index, address) in addresses.enumerated() {
            let left = deadline - monotonicMicroseconds()
            let share = left / Int64(addresses.count - index)
            switch network.connect(address, max(1000, share)) {
            case .success(let socket): return socket
            case .failure(let problem): problems.append((address, problem))
            }
        }
        let detail = problems.map { "\($0.address): \($0.error)" }.joined(separator: "; ")
        let isTimeout = problems.allSatisfy { $0.error.code == ETIMEDOUT }
        throw failure(isTimeout ? .timeout : .tcp, "connecting to \(place): \(detail)")
    }
}

/// What a dial has made.
struct DialedSocket {
    /// Non-blocking and connected; the receiver owns it.
    let descriptor: Int32
    /// Has to run for as long as the descriptor is used; it returns when that ends.
    var pump: TunnelPump?
}

/// One address of a host.
struct SocketAddress: Sendable, CustomStringConvertible {
    let family: Int32
    let bytes: [UInt8]

    init(_ info: addrinfo) {
        family = unsafe info.ai_family
        bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
    }

    var description: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { host in
            let problem = unsafe withSockaddr { address, length in
                unsafe getnameinfo(address, length, host.baseAddress, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
            }
            guard problem == 0, let text = host.baseAddress else { return "?" }
            return unsafe String(cString: text)
        }
    }

    /// - Parameter limit: microseconds.
    func connect(within limit: Int64) -> Result<Int32, SystemError> {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, flags, 0)
        guard descriptor >= 0 else { return .failure(SystemError(code: errno)) }
        var problem = unsafe withSockaddr { address, length in
            unsafe Glibc.connect(descriptor, address, length) == 0 ? 0 : errno
        }
        if problem == EINPROGRESS { problem = outcome(of: descriptor, within: limit) }
        guard problem == 0 else {
            close(descriptor)
            return .failure(SystemError(code: problem))
        }
        var on: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return .success(descriptor)
    }

    private func outcome(of descriptor: Int32, within limit: Int64) -> Int32 {
        guard waitFor(Int16(POLLOUT), on: descriptor, until: monotonicMicroseconds() + limit) else { return ETIMEDOUT }
        var problem: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &length)
        return problem
    }

    private func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe body(bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}

/// Waits until the descriptor is ready, or broken.
///
/// - Parameter deadline: microseconds of the monotonic clock.
func waitFor(_ events: Int16, on descriptor: Int32, until deadline: Int64) -> Bool {
    while true {
        let left = deadline - monotonicMicroseconds()
        guard left > 0 else { return false }
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        let count = unsafe poll(&entry, 1, Int32(clamping: (left + 999) / 1000))
        if count > 0 { return true }
        if count < 0, errno != EINTR { return false }
    }
}

extension Endpoint {
    /// The value of `Host`, and of the authority asked of a proxy's server.
    var hostHeader: String {
        let isDefault = port == (isTLS ? 443 : 80)
        let name = host.contains(":") ? "[\(host)]" : host
        return isDefault ? name : "\(name):\(port)"
    }
}
