public import Vocabulary

/// POSTs to one server, one after another. The transport connection is kept between them, so that a run of polls shakes
/// hands once. Called on the loop's thread; its owner closes it.
public final class HTTPConnection {
    /// Whether the server reads gzip. Most say nothing; then bodies go as they are.
    private enum GzipUse { case unknown, read, refused }

    private var settings: DialSettings
    private let loop: EventLoop
    private var link: HTTPLink?
    private var gzip = GzipUse.unknown
    private var isClosed = false

    init(_ settings: DialSettings, loop: EventLoop) {
        self.settings = settings
        self.loop = loop
    }

    /// Sends one POST with content type `application/x-protobuf` and reads the answer; the next one follows when that is
    /// there. `handshakeTimeout` is the deadline from the TCP connection to the last byte, or from the beginning if the
    /// connection was kept.
    ///
    /// It may go out twice (decision 0056): a server may close a kept connection at any time, also while a request is on its
    /// way, and it may turn down a body that is compressed.
    ///
    /// - Parameter headers: sent after those of the settings.
    public func post(
        headers: [HeaderField] = [], body: [UInt8], deliver: @escaping (Result<HTTPAnswer, DialFailure>) -> Void
    ) {
        do throws(DialFailure) {
            let request = try HTTPRequest(body, headers: headers, maySendGzip: gzip == .read, for: settings)
            try freeLink().send(request) { [weak self] result in
                guard let self, !isClosed else { return }
                switch result {
                case .success(let answer):
                    if gzip == .unknown, answer.showsGzip { gzip = .read }
                    deliver(.success(answer))
                case .failure(let end):
                    // Not of a proxy, which has never seen the body.
                    let isTurnedDown =
                        request.isCompressed
                        && [.http(status: 400), .http(status: 415)].contains(end.failure.cause)
                    if isTurnedDown { gzip = .refused }
                    guard isTurnedDown || end.mayRepeat else { return deliver(.failure(end.failure)) }
                    post(headers: headers, body: body, deliver: deliver)
                }
            }
        } catch {
            loop.later { deliver(.failure(error)) }
        }
    }

    /// What an https proxy sees from the next request on.
    public func present(_ tls: ProxyTLS) {
        guard tls != settings.proxyTLS else { return }
        settings.proxyTLS = tls
        // The proxy has seen the former there.
        guard settings.proxy?.isTLS == true, let link, link.isFree else { return }
        link.close()
        self.link = nil
    }

    private func freeLink() throws(DialFailure) -> HTTPLink {
        if let link, link.isFree { return link }
        let fresh = try HTTPLink(settings, loop: loop)
        link = fresh
        return fresh
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
    /// Without its content coding.
    public let body: [UInt8]
    /// `nil` without TLS.
    public let tls: TLSFacts?
    /// The server has shown that it reads gzip (RFC 9110 section 12.5.3), or that it writes it.
    let showsGzip: Bool

    static func isExpected(_ status: Int) -> Bool { (200...299).contains(status) }
}
