import OpAMPProto

/// What the proxy does to some messages: `DIRECTION MESSAGE ACTION`.
package struct Rule: Hashable, Sendable {
    /// Which messages, of those in its direction.
    enum Target: Hashable, Sendable {
        case any
        /// Requests to become a WebSocket.
        case upgrade
        /// Messages with this field, and with this value in it if there is one.
        case field([String], value: String?)
    }

    enum Action: Hashable, Sendable {
        case delay(Duration)
        /// The message is lost, and both connections end without a Close frame.
        case cut
        case duplicate
        /// The receiver gets something that is no protobuf.
        case corrupt
        /// The HTTP request is answered with this status, and the server never sees it.
        case status(Int)
    }

    /// As an operator writes it.
    package let text: String
    let direction: MessageDirection
    let target: Target
    /// Only the message with this number, counted from 1 among those that the target names; every one when absent.
    let number: Int?
    let action: Action
}
