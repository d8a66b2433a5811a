public import Vocabulary

/// Opens connections on one loop. Its methods are called on the loop's thread, and so are the closures given to them.
public final class Dialer: Sendable {
    private let loop: EventLoop

    public init(loop: EventLoop) { self.loop = loop }

    /// Connects to where the next dial with these settings leads, and makes what it needs of TLS, beside whatever the loop
    /// does meanwhile. Nothing is sent but a CONNECT to a proxy, and what is not used within 2 s is closed.
    public func prepare(_ settings: DialSettings) {
        // Settings that can never work are told of by the dial.
        if let dial = try? SocketDial(settings, network: loop.network) { loop.prepareSocket(dial) }
        loop.prepare(TLSContext.Key(settings))
    }

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
