internal import CEpoll
internal import COpenSSL
import Glibc

/// One mutual TLS 1.3 connection that carries WebSocket messages, or POSTs one after the other.
@safe public final class BareConnection {
    public enum Transport: Hashable, Sendable {
        case webSocket
        case poll
    }

    /// What the connection tells; called inside `BareLoop.run`.
    public struct Events {
        public var opened: (BareConnection) -> Void
        public var received: (BareConnection, ArraySlice<UInt8>) -> Void
        /// Not called for an end that the client made.
        public var ended: (BareConnection, BareFailure) -> Void

        public init(
            opened: @escaping (BareConnection) -> Void,
            received: @escaping (BareConnection, ArraySlice<UInt8>) -> Void,
            ended: @escaping (BareConnection, BareFailure) -> Void
        ) {
            (self.opened, self.received, self.ended) = (opened, received, ended)
        }
    }

    private enum Phase { case connecting, handshaking, upgrading, open, ended }

    let socket: Int32
    /// Tells the loop that `interest` or `isEnded` is another.
    var changed: (BareConnection) -> Void = { _ in }
    private let context: OpaquePointer
    private let tls: OpaquePointer
    private let transport: Transport
    private let headers: String
    private var events: Events?
    private var phase = Phase.connecting
    private var input: [UInt8] = []
    private var output: [UInt8] = []

    var isEnded: Bool { phase == .ended }
    var interest: UInt32 {
        phase == .connecting || !output.isEmpty
            ? EPOLLIN.rawValue | EPOLLOUT.rawValue : EPOLLIN.rawValue
    }

    init(
        _ destination: BareDestination, identity: BareIdentity?, transport: Transport, headers: [(String, String)],
        events: Events
    ) throws(BareFailure) {
        self.transport = transport
        self.headers = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
        self.events = events
        unsafe context = try unsafe makeContext(destination.trust, identity)
        guard let tls = unsafe SSL_new(context) else {
            unsafe SSL_CTX_free(context)
            throw .tls("no connection object")
        }
        unsafe self.tls = unsafe tls
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { throw .system("socket", errno) }
        var isOn: Int32 = 1
        unsafe setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(destination.port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let isBegun = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe connect(socket, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBegun || errno == EINPROGRESS else { throw .system("connect", errno) }
        unsafe SSL_set_fd(tls, socket)
    }

    deinit {
        if phase != .ended { Glibc.close(socket) }
        unsafe SSL_free(tls)
        unsafe SSL_CTX_free(context)
    }

    // MARK: What the client does

    /// One binary message, or one POST.
    public func send(_ message: [UInt8]) {
        switch transport {
        case .webSocket:
            output += WebSocketFrames.binary(message)
        case .poll:
            let head =
                "POST /v1/opamp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n\(headers)"
                + "Content-Length: \(message.count)\r\n\r\n"
            output += Array(head.utf8) + message
        }
        flush()
    }

    /// Says goodbye as RFC 6455 has it, and hangs up.
    public func close() {
        if phase == .open, transport == .webSocket {
            output += WebSocketFrames.close
            flush()
        }
        drop()
    }

    /// Hangs up without a word.
    public func drop() {
        guard phase != .ended else { return }
        phase = .ended
        events = nil
        changed(self)
        Glibc.close(socket)
    }

    // MARK: What the loop does

    func advance() {
        do throws(BareFailure) {
            if phase == .connecting { try finishConnect() }
            if phase == .handshaking { try shakeHands() }
            if phase == .upgrading || phase == .open { try read() }
            if phase == .upgrading || phase == .open { flush() }
        } catch {
            let events = events
            drop()
            events?.ended(self, error)
        }
    }

    private func finishConnect() throws(BareFailure) {
        var (code, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        unsafe getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size)
        guard code == 0 else { throw .system("connect", code) }
        phase = .handshaking
        changed(self)
    }

    private func shakeHands() throws(BareFailure) {
        ERR_clear_error()
        let result = unsafe SSL_connect(tls)
        guard result != 1 else {
            if transport == .poll { return opens() }
            phase = .upgrading
            let request =
                "GET /v1/opamp HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\(headers)\r\n"
            output += Array(request.utf8)
            flush()
            return
        }
        try check(result, "the handshake")
    }

    private func opens() {
        phase = .open
        events?.opened(self)
    }

    private func read() throws(BareFailure) {
        while phase != .ended {
            let before = input.count
            ERR_clear_error()
            let result = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16_384) { buffer -> Int32 in
                let result = unsafe SSL_read(tls, buffer.baseAddress, Int32(buffer.count))
                if result > 0 { unsafe input.append(contentsOf: buffer.prefix(Int(result))) }
                return result
            }
            guard result > 0 else { return try check(result, "a read") }
            try takeInput(new: input.count - before)
        }
    }

    private func takeInput(new count: Int) throws(BareFailure) {
        var start = 0
        if phase == .upgrading {
            guard let head = HTTPAnswer(input[...]) else { return }
            guard head.status == 101 else { throw .ended("the upgrade was answered with \(head.status)") }
            start = head.bodyStart
            opens()
        }
        while phase == .open {
            switch transport {
            case .webSocket:
                guard let frame = WebSocketFrames.first(in: input[start...]) else { break }
                start = frame.end
                switch frame.opcode {
                case 2: events?.received(self, input[frame.payload])
                case 8: throw .ended("closed with \(input[frame.payload].prefix(2).reduce(0) { $0 << 8 | Int($1) })")
                default: break
                }
                continue
            case .poll:
                guard let answer = HTTPAnswer(input[start...]), let length = answer.contentLength,
                    input.count - answer.bodyStart >= length
                else { break }
                guard answer.status == 200 else { throw .ended("a poll was answered with \(answer.status)") }
                start = answer.bodyStart + length
                events?.received(self, input[answer.bodyStart..<start])
                continue
            }
            break
        }
        input.removeFirst(min(start, input.count))
    }

    private func flush() {
        guard phase == .upgrading || phase == .open, !output.isEmpty else { return }
        let wasWaiting = interest
        var sent = 0
        while sent < output.count {
            ERR_clear_error()
            let result = unsafe output.withUnsafeBytes { bytes in
                unsafe SSL_write(tls, bytes.baseAddress?.advanced(by: sent), Int32(clamping: bytes.count - sent))
            }
            // Whatever is wrong with the connection shows in the next read.
            guard result > 0 else { break }
            sent += Int(result)
        }
        output.removeFirst(sent)
        if interest != wasWaiting || !output.isEmpty { changed(self) }
    }

    private func check(_ result: Int32, _ what: String) throws(BareFailure) {
        switch unsafe SSL_get_error(tls, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
        case SSL_ERROR_ZERO_RETURN: throw .ended("by the server")
        case SSL_ERROR_SYSCALL: throw .ended("during \(what), errno \(errno)")
        default:
            let reason = unsafe ERR_reason_error_string(ERR_get_error()).map { unsafe String(cString: $0) }
            throw .tls("\(what): \(reason ?? "unknown")")
        }
    }
}

/// A context for one connection: what an agent that meets a new server has to make.
private func makeContext(_ trust: BareTrust, _ identity: BareIdentity?) throws(BareFailure) -> OpaquePointer {
    guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw .tls("no context") }
    _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_3_VERSION), nil)
    let mode = Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
    _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, mode, nil)
    _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
    let parameters = unsafe SSL_CTX_get0_param(context)
    unsafe X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trust.authority)
    unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, "127.0.0.1")
    unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    guard let identity else { return unsafe context }
    guard unsafe SSL_CTX_use_certificate(context, identity.certificate) == 1,
        unsafe SSL_CTX_use_PrivateKey(context, identity.key) == 1
    else {
        unsafe SSL_CTX_free(context)
        throw .tls("the client's leaf and key do not fit")
    }
    return unsafe context
}
