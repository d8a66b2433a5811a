package import Vocabulary

/// When which notices go to their peer: at least once, in order per handover and role, and a peer that hangs delays only
/// what is meant for it.
///
/// Time is any clock that only goes forward, from any beginning.
package struct OutboxSchedule: Sendable {
    /// A notice in the outbox.
    package struct Item: Hashable, Sendable {
        package var handover: HandoverID
        package var role: HandoverRole
        package var peer: PeerID
        package var sequence: Int
        /// See `NoticeType.waitsForNext`.
        package var waitsForNext: Bool

        package init(handover: HandoverID, role: HandoverRole, peer: PeerID, sequence: Int, waitsForNext: Bool) {
            self.handover = handover
            self.role = role
            self.peer = peer
            self.sequence = sequence
            self.waitsForNext = waitsForNext
        }

        package var party: Party { Party(handover: handover, role: role) }
    }

    package enum Outcome: Hashable, Sendable {
        /// The peer has them, or will never have them: they go from the outbox.
        case done
        /// The peer answered, and does not take them yet.
        case later
        /// The peer did not answer.
        case silent
    }

    package static let firstPause = Duration.milliseconds(250)
    package static let longestPause = Duration.seconds(30)
    /// Calls to one peer.
    package static let mostAtOnce = 8
    /// Notices in one call.
    package static let mostInOneCall = 16
    /// For how long a notice may wait for the next one (protocol section 6, step 5a).
    package static let companyWait = Duration.milliseconds(500)
    /// For how long a peer may not know the handover. It may have been set back to a backup, and be set right again;
    /// what it forgot for good would otherwise be told it for ever.
    package static let retryPeriod = Duration.seconds(24 * 3600)

    /// For how long the peer may be silent about what it was told in an answer, which may have been lost.
    package static let answerWait = Duration.seconds(60)

    private struct Pause {
        var until: Duration
        var next: Duration
    }

    /// This server's side of a handover. Its notices go one call after the other.
    package struct Party: Hashable, Sendable {
        package var handover: HandoverID
        package var role: HandoverRole

        package init(handover: HandoverID, role: HandoverRole) {
            self.handover = handover
            self.role = role
        }
    }

    /// A peer that does not answer is asked once and not once for every notice: each call costs its deadline.
    private enum Paused: Hashable {
        case party(Party)
        case peer(PeerID)
    }

    private var pauses: [Paused: Pause] = [:]
    private var underWay: [Party: PeerID] = [:]
    /// Until when notices wait for the next one.
    private var waiting: [Item: Duration] = [:]
    /// Until when those whose notices an answer has told may be silent.
    private var answered: [Party: Duration] = [:]
    private let answerWait: Duration

    /// - Parameter answerWait: see `OutboxSchedule.answerWait`.
    package init(answerWait: Duration = OutboxSchedule.answerWait) {
        self.answerWait = answerWait
    }

    /// An answer has told the peer of this party's notices; they are not items until `overdue` names the party.
    package mutating func answered(_ party: Party, at now: Duration) {
        answered[party] = now + answerWait
    }

    /// The peer has said which notices it has.
    package mutating func heard(_ party: Party) {
        answered[party] = nil
    }

    /// Whose notices are to be sent, although an answer has told of them: the peer has been silent since.
    package mutating func overdue(at now: Duration) -> [Party] {
        let overdue = answered.filter { $0.value <= now }.keys
        for party in overdue { answered[party] = nil }
        return Array(overdue)
    }

    /// What is to be sent now, each element in one call; it counts as under way until `ended`.
    ///
    /// - Parameter items: all of the outbox, the oldest first.
    package mutating func due(_ items: [Item], at now: Duration) -> [[Item]] {
        var calls: [PeerID: Int] = [:]
        for peer in underWay.values { calls[peer, default: 0] += 1 }
        var due: [[Item]] = []
        var stillWaiting: [Item: Duration] = [:]
        for notices in Self.byParty(items) {
            let (party, peer) = (notices[0].party, notices[0].peer)
            guard underWay[party] == nil, !isPaused(.party(party), at: now), !isPaused(.peer(peer), at: now) else {
                continue
            }
            if notices.allSatisfy(\.waitsForNext) {
                let end = waiting[notices[0]] ?? now + Self.companyWait
                stillWaiting[notices[0]] = end
                if now < end { continue }
            }
            // A peer that was silent is asked with one call first.
            let most = pauses[.peer(peer)] == nil ? Self.mostAtOnce : 1
            guard calls[peer, default: 0] < most else { continue }
            calls[peer, default: 0] += 1
            underWay[party] = peer
            due.append(Array(notices.prefix(Self.mostInOneCall)))
        }
        waiting = stillWaiting
        return due
    }

    private static func byParty(_ items: [Item]) -> [[Item]] {
        var places: [Party: Int] = [:]
        var parties: [[Item]] = []
        for item in items {
            if let place = places[item.party] {
                parties[place].append(item)
            } else {
                places[item.party] = parties.count
                parties.append([item])
            }
        }
        return parties
    }

    /// - Parameter call: an element of `due`.
    package mutating func ended(_ call: [Item], _ outcome: Outcome, at now: Duration) {
        guard let first = call.first else { return }
        underWay[first.party] = nil
        switch outcome {
        case .done:
            pauses[.party(first.party)] = nil
            pauses[.peer(first.peer)] = nil
        case .later:
            pauses[.peer(first.peer)] = nil
            pause(.party(first.party), at: now)
        case .silent: pause(.peer(first.peer), at: now)
        }
    }

    /// When to look again although nothing has happened.
    package func nextLook(after now: Duration) -> Duration? {
        let times = pauses.values.map(\.until) + waiting.values + answered.values
        return times.filter { $0 > now }.min()
    }

    private func isPaused(_ paused: Paused, at now: Duration) -> Bool { pauses[paused].map { $0.until > now } ?? false }

    private mutating func pause(_ paused: Paused, at now: Duration) {
        // Notices that were under way together fail together, and count once.
        guard !isPaused(paused, at: now) else { return }
        let length = pauses[paused]?.next ?? Self.firstPause
        pauses[paused] = Pause(until: now + length, next: min(length * 2, Self.longestPause))
    }
}

extension NoticeType {
    /// Whether the receiver can do without this one until the next one comes: `arrived` follows `connected` within a
    /// moment, and the answer to the redemption has told of the first offer.
    package var waitsForNext: Bool {
        switch self {
        case .connected, .offered: true
        case .arrived, .settled, .lapsed, .returned, .cancelled, .leafRevoked: false
        }
    }
}
