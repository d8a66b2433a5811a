import Glibc
import HostSystem
import Vocabulary

/// One transport connection that carries POSTs, one after another: dials, shakes hands, sends, reads the answer, and stays
/// open for the next one. It lives on the loop's thread; the loop's table `links` keeps it alive until its end.
final class HTTPLink: LoopConnection {
    private enum Stage { case dialing, securing, open, ended }

    struct Failure: Error {
        let failure: DialFailure
        /// The connection had served before, and it ended before the server said a word about this request.
        let mayRepeat: Bool
    }

    /// Reads in one turn, so that no server keeps the loop from others.
    private static let turn = 64
    private static let pieceSize = 16 * 1024

    private let loop: EventLoop
    private let settings: DialSettings
    private let dial: SocketDial
    private var attempt: DialAttempt?
    private let tls: TLSContext
    var evidence = DialEvidence()
    private var stage = Stage.dialing
    private var stream: (any ByteStream)?
    private var socket: Int32?
    private var watch: UInt64?
    private var deadline: LoopTimer?

    // One exchange.
    private var unsent: ArraySlice<UInt8> = []
    private var parser: AnswerParser?
    private var deliver: ((Result<HTTPAnswer, Failure>) -> Void)?
    private var hasServed = false
    private var hasHeard = false
    /// Instead of an exchange: who wants to know whether the server is the right one.
    private var verified: ((DialFailure?) -> Void)?

    /// - Throws: `DialFailure` with cause `policy` when the settings can never work.
    init(_ settings: DialSettings, loop: EventLoop) throws(DialFailure) {
        loop.checkIsolated()
        guard loop.isOpen else { throw DialFailure(.tcp, "the event loop was shut down") }
        self.loop = loop
        self.settings = settings
        dial = try SocketDial(settings, network: loop.network)
        tls = try TLSContext.borrow(TLSContext.Key(settings), from: loop)
        evidence.isTLS = settings.endpoint.isTLS
    }

    /// Whether the next request can go over it.
    var isFree: Bool { stage == .open && deliver == nil }

    // MARK: - One exchange

    /// Sends it, dialling first if that has not been done. What came of it is delivered in a turn of its own.
    func send(_ request: HTTPRequest, deliver: @escaping (Result<HTTPAnswer, Failure>) -> Void) {
        unsent = request.bytes[...]
        parser = AnswerParser(limit: settings.receiveLimit)
        self.deliver = deliver
        (evidence.answer, evidence.nonsense, hasHeard) = (nil, nil, false)
        guard stage == .open else { return start() }
        setDeadline(settings.handshakeTimeout) { $0.timeOut() }
        proceed()
    }

    /// Dials, shakes hands and hangs up. A server that wants a certificate of the client may refuse what comes after its own.
    func verify(deliver: @escaping (DialFailure?) -> Void) {
        verified = deliver
        start()
    }

    private func finishVerifying(_ failure: DialFailure?) {
        guard let verified else { return }
        self.verified = nil
        let isServer = evidence.verification == .passed
        loop.later { verified(isServer ? nil : failure) }
        end()
    }

    private func finish(_ result: Result<HTTPAnswer, Failure>) {
        let deliver = self.deliver
        (self.deliver, parser, unsent) = (nil, nil, [])
        loop.later { deliver?(result) }
    }

    private func complete(_ parser: AnswerParser, _ head: AnswerHead) {
        let tls = stream?.version.map { TLSFacts(peerChain: evidence.presentedChain, version: $0) }
        let body: [UInt8]
        do throws(DialFailure) {
            body = try head.decoded(parser.body, limit: settings.receiveLimit)
        } catch {
            return fail(error)
        }
        let isKept = parser.keepsConnection && unsent.isEmpty
        hasServed = true
        finish(
            .success(HTTPAnswer(contentType: head.contentType, body: body, tls: tls, showsGzip: head.showsGzip)))
        guard isKept else { return end() }
        setDeadline(settings.keepTime) { $0.end() }
    }

    private func fail(_ failure: DialFailure, mayRepeat: Bool = false) {
        var failure = failure
        failure.tlsVersion = evidence.isTLSUp ? stream?.version : nil
        guard verified == nil else { return finishVerifying(failure) }
        finish(.failure(Failure(failure: failure, mayRepeat: mayRepeat)))
        end()
    }

    // MARK: - Dialling

    private func start() {
        loop.links[ObjectIdentifier(self)] = self
        let limit = settings.dialLimit
        setDeadline(limit) { $0.fail(DialFailure(.timeout, "no connection within \(limit)")) }
        attempt = DialAttempt(dial, on: loop) { self.dialed($0) }
    }

    private func dialed(_ result: Result<Int32, DialFailure>) {
        attempt = nil
        switch result {
        case .success(let socket): takeOver(socket)
        case .failure(let failure): fail(failure)
        }
    }

    private func takeOver(_ socket: Int32) {
        stage = .securing
        self.socket = socket
        setDeadline(settings.handshakeTimeout) { $0.timeOut() }
        do {
            if let context = unsafe tls.context {
                stream = try unsafe TLSStream(on: socket, to: settings.endpoint.host, context: context)
            } else {
                stream = PlainStream(socket)
            }
            tls.links[socket] = self
            watch = try loop.readiness.watch(socket) { [unowned self] in proceed() }
        } catch let failure as DialFailure {
            return fail(failure)
        } catch {
            return fail(DialFailure(.tcp, "watching the socket: \(error)"))
        }
        proceed()
    }

    private func timeOut() {
        fail(evidence.failure(.timeout, "\(evidence.stageWords) within \(settings.handshakeTimeout)"))
    }

    // MARK: - Bytes

    /// Goes on as far as the socket does.
    private func proceed() {
        if stage == .securing {
            switch stream?.shakeHands() {
            case .done:
                stage = .open
                evidence.isTLSUp = evidence.isTLS
                guard verified == nil else { return finishVerifying(nil) }
            case .ended, .failed, .certificateRefused: return brokenOff(isClean: false)
            case .wait, nil: return
            }
        }
        write()
        read()
    }

    private func write() {
        while !unsent.isEmpty, let stream {
            switch stream.write(unsent) {
            case .done(let count): unsent = unsent.dropFirst(count)
            // Also after an error an answer may be there; reading says.
            case .wait, .ended, .failed, .certificateRefused: return
            }
        }
    }

    private func read() {
        for _ in 0..<Self.turn {
            guard stage == .open, let stream else { return }
            let step = unsafe withUnsafeTemporaryAllocation(byteCount: Self.pieceSize, alignment: 1) { buffer in
                let step = unsafe stream.read(into: buffer)
                if case .done(let count) = step {
                    unsafe heard(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
                }
                return step
            }
            switch step {
            case .done: continue
            case .wait: return
            case .ended(let isClean): return brokenOff(isClean: isClean)
            case .failed, .certificateRefused: return brokenOff(isClean: false)
            }
        }
        loop.later { self.proceed() }
    }

    private func heard(_ bytes: UnsafeRawBufferPointer) {
        // Whatever it is, nobody has asked for it.
        guard let parser else { return end() }
        hasHeard = true
        unsafe parser.read(bytes)
        judge(parser)
    }

    private func judge(_ parser: AnswerParser) {
        evidence.answer = parser.head
        evidence.nonsense = parser.nonsense
        let isRefused = parser.head.map { !HTTPAnswer.isExpected($0.status) } ?? false
        if isRefused || parser.nonsense != nil { return fail(evidence.failure(expected: HTTPAnswer.isExpected)) }
        if parser.isTooLong || parser.head?.contentLength ?? 0 > settings.receiveLimit {
            return fail(.tooLong(settings.receiveLimit))
        }
        if let head = parser.head, parser.isComplete { complete(parser, head) }
    }

    /// - Parameter isClean: the server said so.
    private func brokenOff(isClean: Bool) {
        guard verified == nil else { return fail(evidence.failure(expected: HTTPAnswer.isExpected)) }
        guard let parser else { return end() }
        // Only a clean end is that of a body.
        if isClean, hasHeard {
            parser.end()
            return judge(parser)
        }
        if hasHeard { evidence.nonsense = "cut off" }
        fail(evidence.failure(expected: HTTPAnswer.isExpected), mayRepeat: hasServed && !hasHeard)
    }

    // MARK: - The end

    /// Gives up what is under way; nothing is delivered for it.
    func close() {
        (deliver, verified) = (nil, nil)
        end()
    }

    func abandon(_ reason: String) { fail(DialFailure(.tcp, reason)) }

    private func end() {
        guard stage != .ended else { return }
        stage = .ended
        attempt?.cancel()
        attempt = nil
        deadline?.cancel()
        if let watch { loop.readiness.forget(watch) }
        stream?.sayEnd()
        stream = nil
        if let socket {
            tls.links[socket] = nil
            Glibc.close(socket)
        }
        socket = nil
        loop.links[ObjectIdentifier(self)] = nil
        tls.giveBack(to: loop)
    }

    private func setDeadline(_ delay: Duration, _ body: @escaping (HTTPLink) -> Void) {
        deadline?.cancel()
        let own = LoopBound((self, body))
        deadline = loop.wake(after: delay) { own.value.1(own.value.0) }
    }
}

extension AnswerHead {
    fileprivate var isGzip: Bool { contentEncoding == "gzip" || contentEncoding == "x-gzip" }

    fileprivate var showsGzip: Bool {
        isGzip || acceptEncoding?.split(separator: ",").contains { String($0).trimmingSpaces == "gzip" } == true
    }

    /// The body without its content coding.
    ///
    /// - Parameter limit: of what comes out, in bytes.
    fileprivate func decoded(_ body: [UInt8], limit: Int) throws(DialFailure) -> [UInt8] {
        guard let contentEncoding, contentEncoding != "identity", !body.isEmpty else { return body }
        guard isGzip else {
            throw DialFailure(
                .protocol, "the answer has the content coding \(contentEncoding.printable(upTo: 32)), only gzip is read"
            )
        }
        do throws(Gzip.Problem) {
            return try Gzip.decompressed(body, limit: limit)
        } catch .tooLong {
            throw .tooLong(limit)
        } catch {
            throw DialFailure(.protocol, "the answer says that it is gzip, and is not")
        }
    }
}

extension DialFailure {
    fileprivate static func tooLong(_ limit: Int) -> Self {
        DialFailure(.protocol, "the answer is longer than \(limit) bytes")
    }
}
