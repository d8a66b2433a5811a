import Glibc
import HostSystem
import Vocabulary

/// How to come to a TCP connection to an endpoint: names, every address, the proxy's CONNECT. `DialAttempt` does it.
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

    /// What the connected socket of a proxy becomes. Blocks, at longest until the deadline; a socket that comes to nothing
    /// is closed.
    ///
    /// - Parameter deadline: microseconds of the monotonic clock.
    func tunnel(on socket: Int32, until deadline: Int64) -> Result<DialedSocket, DialFailure> {
        guard let proxy else { return .success(DialedSocket(descriptor: socket)) }
        do throws(DialFailure) {
            return .success(try tunnel(through: proxy, on: socket, until: deadline))
        } catch {
            close(socket)
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

    var hasProxy: Bool { proxy != nil }

    private var name: String { "\(proxy == nil ? "" : "the proxy's name ")\(host)" }
    private var place: String { "\(proxy == nil ? "" : "the proxy ")\(host):\(port)" }

    private func failure(_ cause: MoveCause, _ detail: String) -> DialFailure {
        guard let proxy else { return DialFailure(cause, detail) }
        return DialFailure(.proxy, detail, proxyProblem: .notReached(origin: proxy.settings.origin))
    }

    /// Blocks for as long as the resolver does.
    func resolve() -> Result<[SocketAddress], DialFailure> {
        switch network.resolve(host, port) {
        case .success(let found) where found.isEmpty: return .failure(failure(.dns, "resolving \(name): no address"))
        case .success(let found): return .success(found)
        case .failure(let problem):
            var failure = failure(.dns, "resolving \(name): \(problem.words)")
            failure.isTemporary = problem.isTemporary
            return .failure(failure)
        }
    }

    /// - Parameter problems: of every address that was tried.
    func notConnected(_ problems: [(address: SocketAddress, error: SystemError)]) -> DialFailure {
        let detail = problems.map { "\($0.address): \($0.error)" }.joined(separator: "; ")
        let isTimeout = problems.allSatisfy { $0.error.code == ETIMEDOUT }
        var failure = failure(isTimeout ? .timeout : .tcp, "connecting to \(place): \(detail)")
        if problems.contains(where: { [EMFILE, ENFILE].contains($0.error.code) }) {
            failure.remedy =
                "Raise the limit of open files for the agent's process (`LimitNOFILE=` of its unit, or `ulimit -n`)."
        }
        return failure
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

    /// A non-blocking socket whose connection stands or is under way; `outcome` tells once it is writable.
    func connect() -> Result<Int32, SystemError> {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, flags, 0)
        guard descriptor >= 0 else { return .failure(SystemError(code: errno)) }
        let problem = unsafe withSockaddr { address, length in
            unsafe Glibc.connect(descriptor, address, length) == 0 ? 0 : errno
        }
        guard problem == 0 || problem == EINPROGRESS else {
            close(descriptor)
            return .failure(SystemError(code: problem))
        }
        var on: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return .success(descriptor)
    }

    /// Why a connection that was under way does not stand; `nil` when it does.
    static func outcome(of descriptor: Int32) -> SystemError? {
        var problem: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &length)
        return problem == 0 ? nil : SystemError(code: problem)
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
