internal import CWebSockets
public import Vocabulary

/// One WebSocket to a server, from the dial to its end. It carries binary messages only, as OpAMP does.
///
/// Everything here is called on the loop's thread. The loop keeps an open connection alive until its last event.
public final class WebSocketConnection: LinkUser {
    private enum Phase {
        case dialing, open
        /// A Close frame is to be sent, or waits for its answer.
        case closing(code: UInt16, reason: String, isSent: Bool)
        /// Let go; its last event is still to come.
        case abandoned
        case ended
    }

    /// Messages waiting to be written; beyond these a peer that does not read would take all memory.
    private static let queueLimit = 256

    private let settings: DialSettings
    /// Dropped after the last event; its owner may well hold this connection.
    private var events: ((WebSocketEvent) -> Void)?
    private var link: Link?
    private var phase = Phase.dialing
    private var queue: [[UInt8]] = []
    private var message: [UInt8] = []
    private var peerClose: (code: UInt16?, reason: String)?
    private var isPingDue = false
    private var lastHeard = monotonicMicroseconds()

    init(_ settings: DialSettings, events: @escaping (WebSocketEvent) -> Void, loop: EventLoop) {
        self.settings = settings
        self.events = events
        do throws(DialFailure) {
            let link = try Link(settings, user: self, loop: loop)
            self.link = link
            link.start()
        } catch {
            loop.later { self.finish(.failed(error)) }
        }
    }

    // MARK: - Sending

    /// Queues a binary message. An error means that nothing was queued.
    public func send(_ message: [UInt8]) throws(SendRefusal) {
        guard case .open = phase, let link else { throw .notOpen }
        guard message.count <= settings.sendLimit else { throw .tooLarge(limit: settings.sendLimit) }
        guard queue.count < Self.queueLimit else { throw .queueFull }
        queue.append(message)
        link.askToWrite()
    }

    /// Says goodbye after what is queued (RFC 6455 section 7.1.2) and waits `closeTimeout` for the answer; while still
    /// dialling it just gives up. What the server sends afterwards is dropped, and the last event tells when it is
    /// over. Idempotent.
    public func close(code: UInt16 = 1000, reason: String = "") {
        switch phase {
        case .dialing: abandon()
        case .open: beginClose(code: code, reason: reason)
        case .closing, .abandoned, .ended: break
        }
    }

    /// Lets go at once: nothing that is queued goes out, no Close frame, no waiting. It has left the server before
    /// anything is said on a connection that is dialled afterwards. The last event still comes.
    public func abandon() {
        guard let link else { return }
        (phase, queue) = (.abandoned, [])
        link.kill(.abandoned)
    }

    private func beginClose(code: UInt16, reason: String) {
        phase = .closing(code: code, reason: reason, isSent: false)
        link?.askToWrite()
        link?.setDeadline(settings.closeTimeout) { $0.kill(.closedByItself) }
    }

    func linkMayWrite(_ wsi: OpaquePointer) -> Bool {
        if isPingDue {
            isPingDue = false
            guard unsafe write([], LWS_WRITE_PING, to: wsi) else { return false }
        } else if !queue.isEmpty {
            guard unsafe write(queue.removeFirst(), LWS_WRITE_BINARY, to: wsi) else { return false }
        } else if case .closing(let code, let reason, isSent: false) = phase {
            phase = .closing(code: code, reason: reason, isSent: true)
            var text = Array(reason.utf8.prefix(123))
            unsafe text.withUnsafeMutableBufferPointer { text in
                unsafe lws_close_reason(wsi, lws_close_status(UInt32(code)), text.baseAddress, text.count)
            }
            return false
        }
        if !queue.isEmpty || isPingDue || isClosePending { link?.askToWrite() }
        return true
    }

    private var isClosePending: Bool {
        if case .closing(_, _, isSent: false) = phase { true } else { false }
    }

    private func write(_ message: [UInt8], _ kind: lws_write_protocol, to wsi: OpaquePointer) -> Bool {
        let room = shim_LWS_PRE()
        var frame = [UInt8](repeating: 0, count: room) + message
        return unsafe frame.withUnsafeMutableBufferPointer { frame in
            guard let start = frame.baseAddress else { return false }
            return unsafe lws_write(wsi, start + room, message.count, kind) >= message.count
        }
    }

    // MARK: - Receiving

    func linkOpened(_ facts: TLSFacts?) {
        guard case .dialing = phase else { return }
        phase = .open
        linkHeard()
        scheduleLiveness()
        emit(.opened(facts))
    }

    /// Never asks for the end by its result: libwebsockets 4.1 then forgets to empty its buffer, reads on while it
    /// waits for the answer to its Close frame, and writes past the buffer's end. The Close goes out when writing.
    func linkReceived(_ piece: ReceivedPiece) -> Bool {
        linkHeard()
        guard case .open = phase else { return true }
        guard !piece.isText else {
            refuse(code: 1003, "the server sent a text message; OpAMP is binary")
            return true
        }
        if piece.isFirst { message.removeAll(keepingCapacity: true) }
        let (total, overflow) = (message.count + piece.bytes.count).addingReportingOverflow(piece.remainingInFrame)
        guard !overflow, total <= settings.receiveLimit else {
            refuse(code: 1009, "the server sent a message of more than \(settings.receiveLimit) bytes")
            return true
        }
        message += piece.bytes
        if piece.isLast, piece.remainingInFrame == 0 {
            emit(.message(message))
            message = []
        }
        return true
    }

    func linkHeard() { lastHeard = monotonicMicroseconds() }

    func linkPeerCloses(_ payload: [UInt8]) {
        let code = payload.count >= 2 ? (UInt16(payload[0]) << 8) | UInt16(payload[1]) : nil
        // A control frame has at most 125 bytes (RFC 6455 section 5.5).
        peerClose = (code, String(decoding: payload.dropFirst(2), as: UTF8.self).printable(upTo: 125))
    }

    /// Ends a connection whose other side broke the protocol, telling it why.
    private func refuse(code: UInt16, _ reason: String) {
        link?.settle(.failed(DialFailure(.protocol, reason)))
        (queue, message) = ([], [])
        beginClose(code: code, reason: "")
    }

    // MARK: - Liveness

    private func scheduleLiveness() {
        guard settings.pingInterval > .zero, let link else { return }
        let sinceHeard = Duration.microseconds(monotonicMicroseconds() - lastHeard)
        let next = min(settings.pingInterval, max(.milliseconds(1), settings.idleTimeout - sinceHeard))
        link.setLiveness(next) { [weak self] in self?.checkLiveness() }
    }

    private func checkLiveness() {
        guard case .open = phase, let link else { return }
        let silence = Duration.microseconds(monotonicMicroseconds() - lastHeard)
        guard silence < settings.idleTimeout else {
            link.kill(.failed(link.evidence.failure(.timeout, "the server was silent for \(settings.idleTimeout)")))
            return
        }
        isPingDue = true
        link.askToWrite()
        scheduleLiveness()
    }

    // MARK: - The end

    func linkEnded(_ end: LinkEnd) {
        switch (end, phase) {
        case (.failed(let failure), _): finish(.failed(failure))
        case (.abandoned, _): finish(.closed(code: nil, reason: "given up"))
        case (.closedByItself, .dialing):
            finish(.failed(link?.evidence.failure(expected: { $0 == 101 }) ?? DialFailure(.tcp, "closed")))
        case (.closedByItself, _): finish(closeEvent)
        }
    }

    private var closeEvent: WebSocketEvent {
        if let peerClose { return .closed(code: peerClose.code, reason: peerClose.reason) }
        if case .closing(let code, let reason, isSent: true) = phase { return .closed(code: code, reason: reason) }
        return .closed(code: nil, reason: "the connection broke")
    }

    /// Events are delivered outside libwebsockets, so that whatever the receiver does is safe there.
    private func emit(_ event: WebSocketEvent) {
        link?.loop.later { [self] in
            switch phase {
            case .dialing, .open, .closing: events?(event)
            case .abandoned, .ended: break
            }
        }
    }

    private func finish(_ event: WebSocketEvent) {
        if case .ended = phase { return }
        phase = .ended
        link = nil
        queue = []
        let events = self.events
        self.events = nil
        events?(event)
    }
}
