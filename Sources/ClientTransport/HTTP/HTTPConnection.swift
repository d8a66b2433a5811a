public import Vocabulary

/// POSTs to one server, one after another. The transport connection is kept between them, so that a run of polls shakes
/// hands once. Called on the loop's thread; whoever has it closes it.
public final class HTTPConnection {
    private let settings: DialSettings
    private let loop: EventLoop
    private var link: HTTPLink?
    private var isClosed = false

    init(_ settings: DialSettings, loop: EventLoop) {
        self.settings = settings
        self.loop = loop
    }

    /// Sends one POST with content type `application/x-protobuf` and reads the answer; the next one follows when that is
    /// there. `handshakeTimeout` is the deadline from the TCP connection to the last byte, or from the beginning if the
    /// connection was kept.
    ///
    /// A server may close a kept connection at any time, also while a request is on its way. A request that was answered
    /// with no byte is therefore sent once more, over a fresh connection (decision 0056).
    ///
    /// - Parameter headers: sent after those of the settings.
    public func post(
        headers: [HeaderField] = [], body: [UInt8], deliver: @escaping (Result<HTTPAnswer, DialFailure>) -> Void
    ) {
        do throws(DialFailure) {
            try send(try HTTPRequest(body, headers: headers, for: settings)) { [weak self] result in
                guard self?.isClosed == false else { return }
                deliver(result)
            }
        } catch {
            loop.later { deliver(.failure(error)) }
        }
    }

    private func send(
        _ request: HTTPRequest, deliver: @escaping (Result<HTTPAnswer, DialFailure>) -> Void
    ) throws(DialFailure) {
        let link: HTTPLink
        if let kept = self.link, kept.isFree { link = kept } else { link = try HTTPLink(settings, loop: loop) }
        self.link = link
        link.send(request) { [weak self] result in
            do throws(DialFailure) {
                switch result {
                case .success(let answer): deliver(.success(answer))
                case .failure(let end):
                    guard let self, !isClosed, end.mayRepeat else { throw end.failure }
                    try send(request, deliver: deliver)
                }
            } catch {
                deliver(.failure(error))
            }
        }
    }

    /// Ends the transport connection, and what is under way; nothing is delivered any more.
    public func close() {
        isClosed = true
        link?.close()
        link = nil
    }
}

/// A complete answer with a status from 200 to 299. Any other status is a `DialFailure`.
public struct HTTPAnswer: Hashable, Sendable {
    public let contentType: String?
    public let body: [UInt8]
    /// `nil` without TLS.
    public let tls: TLSFacts?

    static func isExpected(_ status: Int) -> Bool { (200...299).contains(status) }
}
