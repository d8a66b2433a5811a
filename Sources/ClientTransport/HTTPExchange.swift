internal import CWebSockets
import Vocabulary

/// A complete answer with a status from 200 to 299. Any other status is a `DialFailure`.
public struct HTTPAnswer: Hashable, Sendable {
    public let contentType: String?
    public let body: [UInt8]
    /// `nil` without TLS.
    public let tls: TLSFacts?
}

/// One POST under way. Called on the loop's thread.
public final class HTTPExchange: LinkUser {
    /// What one write takes at most.
    private static let pieceSize = 16 * 1024

    private let settings: DialSettings
    private var deliver: ((Result<HTTPAnswer, DialFailure>) -> Void)?
    private var link: Link?
    private var unsent: ArraySlice<UInt8>
    private var received: [UInt8] = []
    private var isComplete = false
    private var tls: TLSFacts?
    private var isOver = false

    init(
        _ settings: DialSettings, headers: [HeaderField], body: [UInt8], loop: EventLoop,
        deliver: @escaping (Result<HTTPAnswer, DialFailure>) -> Void
    ) {
        self.settings = settings
        self.deliver = deliver
        unsent = body[...]
        do throws(DialFailure) {
            guard body.count <= settings.sendLimit else {
                throw DialFailure(.policy, "the message is longer than \(settings.sendLimit) bytes")
            }
            let link = try Link(
                settings, extraHeaders: headers, request: .post(contentLength: body.count), user: self, loop: loop)
            self.link = link
            link.start()
        } catch {
            loop.later { self.finish(.failure(error)) }
        }
    }

    /// Gives the exchange up; nothing is delivered any more.
    public func cancel() {
        isOver = true
        link?.kill(.abandoned)
    }

    func linkMayWrite(_ wsi: OpaquePointer) -> Bool {
        guard !unsent.isEmpty else { return true }
        let room = shim_LWS_PRE()
        let piece = unsent.prefix(Self.pieceSize)
        unsent = unsent.dropFirst(piece.count)
        let isLast = unsent.isEmpty
        var buffer = [UInt8](repeating: 0, count: room) + piece
        let isWritten = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            let kind = isLast ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP
            return unsafe lws_write(wsi, start + room, piece.count, kind) >= piece.count
        }
        if isLast { unsafe lws_client_http_body_pending(wsi, 0) }
        link?.askToWrite()
        return isWritten
    }

    func linkAnswered(_ head: AnswerHead) -> Bool {
        tls = link?.facts
        guard Self.isExpected(head.status) else { return false }
        return head.contentLength ?? 0 <= settings.receiveLimit || refuse()
    }

    func linkReceived(_ piece: ReceivedPiece) -> Bool {
        received += piece.bytes
        return received.count <= settings.receiveLimit || refuse()
    }

    private func refuse() -> Bool {
        link?.settle(.failed(DialFailure(.protocol, "the answer is longer than \(settings.receiveLimit) bytes")))
        return false
    }

    func linkCompleted() {
        isComplete = link?.evidence.answer.map { Self.isExpected($0.status) } ?? false
    }

    func linkEnded(_ end: LinkEnd) {
        switch end {
        case .failed(let failure): finish(.failure(failure))
        case .abandoned: finish(.failure(DialFailure(.tcp, "given up")))
        case .closedByItself:
            guard let evidence = link?.evidence else { return }
            if isComplete, let head = evidence.answer {
                finish(.success(HTTPAnswer(contentType: head.contentType, body: received, tls: tls)))
            } else {
                finish(.failure(evidence.failure(expected: Self.isExpected)))
            }
        }
    }

    private func finish(_ result: Result<HTTPAnswer, DialFailure>) {
        link = nil
        guard !isOver else { return }
        isOver = true
        deliver?(
            result.mapError { failure in
                var failure = failure
                failure.tlsVersion = tls?.version
                return failure
            })
        deliver = nil
    }

    private static func isExpected(_ status: Int) -> Bool { (200...299).contains(status) }

    func linkOpened(_ facts: TLSFacts?) {}
    func linkHeard() {}
    func linkPeerCloses(_ payload: [UInt8]) {}
}
