internal import CWebSockets
import Glibc
import HostSystem
import Vocabulary

/// One attempt to open a WebSocket, from the first look-up to the last byte: dials, hands the socket to libwebsockets,
/// gathers what happens, and says exactly once how it ended. It lives on the loop's thread.
///
/// The loop's table `links` keeps it alive from `start` to `end`; libwebsockets holds an unretained pointer from
/// `takeOver` to WSI_DESTROY, which lies in between.
@safe final class Link: LoopConnection {
    enum Stage { case dialing, connected, ended }

    let loop: EventLoop
    let settings: DialSettings
    private let headers: RequestHeaders
    var evidence = DialEvidence()
    private(set) var stage = Stage.dialing
    private(set) var wsi: OpaquePointer?
    private let dial: SocketDial
    private var attempt: DialAttempt?
    private let tls: TLSContext
    private var user: (any LinkUser)?
    /// How it ended, if we decided so; the first word counts.
    private var verdict: LinkEnd?
    private var deadline: LoopTimer?
    private var liveness: LoopTimer?
    /// Ours until libwebsockets has it.
    private var socket: Int32 = -1

    /// - Throws: `DialFailure` with cause `policy` when the settings can never work.
    init(
        _ settings: DialSettings, user: any LinkUser, loop: EventLoop
    ) throws(DialFailure) {
        loop.checkIsolated()
        guard loop.isOpen else { throw DialFailure(.tcp, "the event loop was shut down") }
        self.loop = loop
        self.settings = settings
        self.user = user
        headers = try RequestHeaders(settings.headers, for: settings.endpoint)
        dial = try SocketDial(settings, network: loop.network)
        tls = try TLSContext.borrow(TLSContext.Key(settings), from: loop)
        evidence.isTLS = settings.endpoint.isTLS
    }

    // MARK: - Dialling

    func start() {
        loop.links[ObjectIdentifier(self)] = self
        let limit = settings.dialLimit
        setDeadline(limit) { link in link.end(.failed(DialFailure(.timeout, "no connection within \(limit)"))) }
        attempt = DialAttempt(dial, on: loop) { self.dialed($0) }
    }

    private func dialed(_ result: Result<Int32, DialFailure>) {
        attempt = nil
        switch result {
        case .success(let socket): takeOver(socket)
        case .failure(let failure): end(.failed(failure))
        }
    }

    /// Makes libwebsockets believe it has dialled this socket itself.
    private func takeOver(_ socket: Int32) {
        stage = .connected
        self.socket = socket
        setDeadline(settings.handshakeTimeout) { link in link.timeOut() }
        let endpoint = settings.endpoint
        var info = unsafe lws_client_connect_info()
        unsafe info.context = loop.context
        unsafe info.vhost = tls.vhost
        unsafe info.port = Int32(endpoint.port)
        unsafe info.ietf_version_or_minus_one = -1
        // Unlike `protocol` it sends nothing.
        unsafe info.local_protocol_name = loopProtocols.pointee.name
        unsafe info.opaque_user_data = Unmanaged.passUnretained(self).toOpaque()
        var flags = LCCSCF_HTTP_NO_FOLLOW_REDIRECT.rawValue
        if endpoint.isTLS {
            // The SSL_CTX knows the host; libwebsockets would cut an IPv6 address at its first colon.
            flags |= LCCSCF_USE_SSL.rawValue | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK.rawValue
        }
        unsafe info.ssl_connection = Int32(bitPattern: flags)
        loop.standIn.drain()
        // All of these are copied by the call.
        unsafe loop.standIn.address.withCString { address in
            unsafe endpoint.hostHeader.withCString { host in
                unsafe endpoint.path.withCString { path in
                    unsafe "http/1.1".withCString { alpn in
                        unsafe info.address = address
                        unsafe info.host = host
                        unsafe info.path = path
                        unsafe info.alpn = alpn
                        let made = unsafe lws_client_connect_via_info(&info)
                        if unsafe made == nil { libraryGaveUp() }
                    }
                }
            }
        }
    }

    /// The call returned nothing. If there was a wsi, WSI_DESTROY has told so already.
    private func libraryGaveUp() {
        if socket >= 0 {
            close(socket)
            socket = -1
            verdict = verdict ?? .failed(DialFailure(.tcp, "libwebsockets took no further connection"))
        }
        wsiDestroyed()
    }

    // MARK: - What libwebsockets says

    /// Its socket is connected to our own listener: ours goes in its place.
    func wsiCreated(_ wsi: OpaquePointer) {
        unsafe self.wsi = wsi
        let descriptor = unsafe lws_get_socket_fd(wsi)
        if shim_dup3(socket, descriptor, O_CLOEXEC) < 0 {
            verdict = .failed(DialFailure(.tcp, "handing the socket over: \(SystemError(code: errno))"))
        }
        close(socket)
        socket = -1
        loop.standIn.drain()
        tls.links[descriptor] = self
    }

    /// May come twice for a connection that failed within the call that made it.
    func wsiDestroyed() {
        unsafe wsi = nil
        if socket >= 0 {
            verdict = verdict ?? .failed(DialFailure(.tcp, "libwebsockets did not reach this process's own listener"))
        }
        tls.links = tls.links.filter { $0.value !== self }
        // The wsi is freed after this callback only, and the vhost must outlive it.
        later { link in link.end() }
    }

    /// The head of an answer is there.
    func answered(_ head: AnswerHead) { evidence.answer = head }

    /// The WebSocket is open.
    func opened() {
        deadline?.cancel()
        user?.linkOpened(facts)
    }

    var facts: TLSFacts? {
        guard let ssl = unsafe wsi.flatMap({ unsafe lws_get_ssl($0) }) else { return nil }
        return TLSFacts(peerChain: evidence.presentedChain, version: unsafe tlsVersion(of: ssl))
    }

    /// - Returns: whether to go on.
    func received(_ piece: ReceivedPiece) -> Bool { user?.linkReceived(piece) ?? false }

    /// - Returns: whether to go on.
    func mayWrite() -> Bool {
        guard let wsi = unsafe wsi else { return false }
        return unsafe user?.linkMayWrite(wsi) ?? false
    }

    /// The other side was heard without a message: a pong.
    func heard() { user?.linkHeard() }

    func peerCloses(_ payload: [UInt8]) { user?.linkPeerCloses(payload) }

    /// The request's header lines, all that libwebsockets does not write itself.
    var headerText: String { headers.text }

    // MARK: - What its user says

    func askToWrite() {
        if let wsi = unsafe wsi { unsafe lws_callback_on_writable(wsi) }
    }

    /// Ends it without ceremony; of several verdicts the first counts.
    func kill(_ end: LinkEnd) {
        guard stage != .ended else { return }
        verdict = verdict ?? end
        if let wsi = unsafe wsi {
            unsafe lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC)
        } else if stage == .dialing {
            self.end()
        }
    }

    func abandon(_ reason: String) { kill(.failed(DialFailure(.tcp, reason))) }

    /// Notes how it will end, for one that is about to close by itself.
    func settle(_ end: LinkEnd) { verdict = verdict ?? end }

    func setDeadline(_ delay: Duration, _ body: @escaping (Link) -> Void) {
        deadline?.cancel()
        let own = LoopBound((self, body))
        deadline = loop.wake(after: delay) { own.value.1(own.value.0) }
    }

    func setLiveness(_ delay: Duration, _ body: @escaping () -> Void) {
        liveness?.cancel()
        let own = LoopBound(body)
        liveness = loop.wake(after: delay) { own.value() }
    }

    private func timeOut() {
        kill(.failed(evidence.failure(.timeout, "\(evidence.stageWords) within \(settings.handshakeTimeout)")))
    }

    private func later(_ body: @escaping (Link) -> Void) { loop.later { body(self) } }

    // MARK: - The end

    private func end(_ end: LinkEnd) {
        verdict = verdict ?? end
        self.end()
    }

    private func end() {
        guard stage != .ended else { return }
        stage = .ended
        attempt?.cancel()
        attempt = nil
        deadline?.cancel()
        liveness?.cancel()
        if socket >= 0 {
            close(socket)
            socket = -1
        }
        loop.links[ObjectIdentifier(self)] = nil
        tls.giveBack(to: loop)
        let user = self.user
        self.user = nil
        user?.linkEnded(verdict ?? .closedByItself)
    }
}
