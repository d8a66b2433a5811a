public import Vocabulary

/// Opens connections on one loop. Its methods are called on the loop's thread, and so are the closures given to them.
public final class Dialer: Sendable {
    private let loop: EventLoop

    public init(loop: EventLoop) { self.loop = loop }

    /// Makes what the next dial with these settings needs of TLS, beside whatever the loop does meanwhile. Nothing is dialled.
    public func prepare(_ settings: DialSettings) { loop.prepare(TLSContext.Key(settings)) }

    /// Dials and upgrades to a WebSocket. Settings that can never work fail too, as an event, with cause `policy`.
    public func openWebSocket(
        _ settings: DialSettings, events: @escaping (WebSocketEvent) -> Void
    ) -> WebSocketConnection {
        WebSocketConnection(settings, events: events, loop: loop)
    }

    /// Sends one POST with content type `application/x-protobuf` on a connection of its own and reads the answer.
    /// `handshakeTimeout` is the deadline from the TCP connection to the last byte.
    ///
    /// - Parameter headers: sent after those of the settings.
    public func post(
        _ settings: DialSettings, headers: [HeaderField] = [], body: [UInt8],
        deliver: @escaping (Result<HTTPAnswer, DialFailure>) -> Void
    ) -> HTTPExchange {
        HTTPExchange(settings, headers: headers, body: body, loop: loop, deliver: deliver)
    }
}
