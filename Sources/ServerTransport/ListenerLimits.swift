import HostSystem
package import NIOCore
import Vocabulary

/// What one connection may cost, and how long it may take to say something.
///
/// Every wait ends in a close; no peer can extend one by sending a byte now and then.
package struct ListenerLimits: Hashable, Sendable {
    /// Beyond this many connections new ones wait in the kernel's backlog. What the process's limit of open files
    /// allows is less, if anything is.
    package var connections = 50_000
    /// Open files kept for the database and for calls to peers: they would fail if connections used the limit up.
    package var filesInReserve = 256

    package var headerBytes = Limits.headerSectionBytes
    package var headerFields = 100
    package var requestTargetBytes = 8 * 1024
    /// One request body, before and after decompression, and one WebSocket message behind its frame header.
    package var bodyBytes = Limits.messageBytes
    /// A WebSocket message with OpAMP's header before it, a varint of at most ten bytes.
    package var webSocketBytes: Int { bodyBytes + 10 }
    /// One WebSocket message may come in this many frames.
    package var fragments = 4096

    /// TCP accept to the end of the first request head, TLS handshake included.
    package var headWait = TimeAmount.seconds(10)
    /// End of the head to the end of the body.
    package var bodyWait = TimeAmount.seconds(30)
    /// Answer to the end of the next request's head.
    package var idleWait = TimeAmount.seconds(75)
    /// How long a peer may leave what we sent unread.
    package var stallWait = TimeAmount.seconds(30)
    /// Upgrade to the first message.
    package var firstMessageWait = TimeAmount.seconds(15)
    /// A WebSocket silent for this long is pinged.
    package var pingAfter = TimeAmount.seconds(40)
    /// A WebSocket silent for this long, and pinged meanwhile, is dead.
    package var silenceLimit = TimeAmount.seconds(100)
    /// Our Close frame to the end of the connection, and an error answer to its end.
    package var closeTimeout = TimeAmount.seconds(2)

    /// What is left of a connection this long after the server began to stop is cut off, whatever is owed to whom.
    package var leavingWait = TimeAmount.milliseconds(1000)

    /// Messages queued for a WebSocket whose peer does not read; one more byte disconnects it.
    package var unsentBytes = 2 * Limits.messageBytes

    /// How many connections fit below the process's limit of open files, which is raised as far as it may be.
    package func connectionsThatFit() -> Int {
        guard let files = OpenFiles.limit(raisedTo: connections + filesInReserve) else { return connections }
        return max(1, min(connections, files - filesInReserve))
    }
}
