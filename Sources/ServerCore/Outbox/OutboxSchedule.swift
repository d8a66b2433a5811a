package import Vocabulary

/// When which notice goes to its peer: at least once, in order per handover and role, and a peer that hangs delays only
/// what is meant for it.
///
/// Time is any clock that only goes forward, from any beginning.
package struct OutboxSchedule: Sendable {
    /// A notice in the outbox.
    package struct Item: Hashable, Sendable {
        package var number: Int64
        package var handover: HandoverID
        package var role: HandoverRole
        package var peer: PeerID

        package init(number: Int64, handover: HandoverID, role: HandoverRole, peer: PeerID) {
            self.number = number
            self.handover = handover
            self.role = role
            self.peer = peer
        }
    }

    package enum Outcome: Hashable, Sendable {
        /// The peer has it, or will never have it: it goes from the outbox.
        case done
        /// The peer answered, and does not take it yet.
        case later
        /// The peer did not answer.
        case silent
    }

    package static let firstPause = Duration.milliseconds(250)
    package static let longestPause = Duration.seconds(30)
    /// To one peer.
    package static let mostAtOnce = 8
    /// For how long a peer may not know the handover. It may have been set back to a backup, and be set right again;
    /// what it forgot for good would otherwise be told it for ever.
    package static let retryPeriod = Duration.seconds(24 * 3600)

    private struct Pause {
        var until: Duration
        var next: Duration
    }

    /// A peer that does not answer is asked once and not once for every notice: each call costs its deadline.
    private enum Paused: Hashable {
        case handover(HandoverID, HandoverRole)
        case peer(PeerID)
    }

    private var pauses: [Paused: Pause] = [:]
    private var underWay: [Int64: Item] = [:]

    package init() {}

    /// What is to be sent now; it counts as under way until `ended`.
    ///
    /// - Parameter items: the oldest of every handover and role, oldest first.
    package mutating func due(_ items: [Item], at now: Duration) -> [Item] {
        var busy: [PeerID: Int] = [:]
        for item in underWay.values { busy[item.peer, default: 0] += 1 }
        var due: [Item] = []
        for item in items where underWay[item.number] == nil {
            guard !isPaused(.handover(item.handover, item.role), at: now), !isPaused(.peer(item.peer), at: now) else {
                continue
            }
            // A peer that was silent is asked with one notice first.
            let most = pauses[.peer(item.peer)] == nil ? Self.mostAtOnce : 1
            guard busy[item.peer, default: 0] < most else { continue }
            busy[item.peer, default: 0] += 1
            underWay[item.number] = item
            due.append(item)
        }
        return due
    }

    package mutating func ended(_ item: Item, _ outcome: Outcome, at now: Duration) {
        underWay[item.number] = nil
        switch outcome {
        case .done:
            pauses[.handover(item.handover, item.role)] = nil
            pauses[.peer(item.peer)] = nil
        case .later:
            pauses[.peer(item.peer)] = nil
            pause(.handover(item.handover, item.role), at: now)
        case .silent: pause(.peer(item.peer), at: now)
        }
    }

    /// When to look again although nothing has happened.
    package func nextLook(after now: Duration) -> Duration? {
        pauses.values.map(\.until).filter { $0 > now }.min()
    }

    private func isPaused(_ paused: Paused, at now: Duration) -> Bool { pauses[paused].map { $0.until > now } ?? false }

    private mutating func pause(_ paused: Paused, at now: Duration) {
        // Notices that were under way together fail together, and count once.
        guard !isPaused(paused, at: now) else { return }
        let length = pauses[paused]?.next ?? Self.firstPause
        pauses[paused] = Pause(until: now + length, next: min(length * 2, Self.longestPause))
    }
}
