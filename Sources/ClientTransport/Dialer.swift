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

    /// Dials, verifies the server as these settings want it, and hangs up; no request is sent.
    ///
    /// - Parameter deliver: takes why the server is not the right one, or is not there; `nil` if it is.
    public func verify(_ settings: DialSettings, deliver: @escaping (DialFailure?) -> Void) {
        do throws(DialFailure) {
            try HTTPLink(settings, loop: loop).verify(deliver: deliver)
        } catch {
            loop.later { deliver(error) }
        }
    }

    /// For POSTs to one server. Nothing is dialled before the first of them.
    public func openHTTP(_ settings: DialSettings) -> HTTPConnection { HTTPConnection(settings, loop: loop) }
}
