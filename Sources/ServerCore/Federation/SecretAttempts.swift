import Vocabulary

/// How often each peer has shown a wrong secret in a row, and until when it has to wait.
///
/// Only callers that presented a pinned certificate are counted, so there are never more entries than peers.
package struct SecretAttempts: Hashable, Sendable {
    private struct Row: Hashable {
        var wrong = 0
        var pausedUntil: Timestamp?
    }

    private var rows: [PeerID: Row] = [:]

    /// An operator who replaces secrets may need a few attempts.
    static let free = 5
    static let firstPause = Duration.seconds(1)
    /// Short enough that a peer with a corrected secret is accepted again within one retry.
    static let longestPause = Duration.seconds(30)

    package init() {}

    /// How long the peer still has to wait; its secret is not looked at before.
    func pause(of peer: PeerID, at now: Timestamp) -> Duration? {
        guard let until = rows[peer]?.pausedUntil, now < until else { return nil }
        // A clock that was set back must not lock a peer out.
        return min(until - now, Self.longestPause)
    }

    mutating func note(_ peer: PeerID, isRight: Bool, at now: Timestamp) {
        guard !isRight else {
            rows[peer] = nil
            return
        }
        var row = rows[peer] ?? Row()
        row.wrong += 1
        if row.wrong >= Self.free {
            let doublings = min(row.wrong - Self.free, 5)
            row.pausedUntil = now + min(Self.firstPause * (1 << doublings), Self.longestPause)
        }
        rows[peer] = row
    }
}
