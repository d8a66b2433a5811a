public import Vocabulary

/// What a WebSocket tells. The last event is `closed` or `failed`, exactly one of them, and nothing follows it.
public enum WebSocketEvent: Sendable {
    /// `nil` without TLS.
    case opened(TLSFacts?)
    case message([UInt8])
    /// An open WebSocket has ended, by whichever side, or was given up by `abandon`, or by `close` before it was open.
    ///
    /// - Parameter code: from the Close frame (RFC 6455 section 7.4); `nil` when there was none: the connection broke.
    case closed(code: UInt16?, reason: String)
    /// It never opened, or the other side broke the protocol, or fell silent.
    case failed(DialFailure)
}
