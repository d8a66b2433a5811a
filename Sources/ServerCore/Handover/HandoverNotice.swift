package import Vocabulary

/// What one party of a handover tells the other, in order and at least once.
package struct HandoverNotice: Hashable, Sendable, Codable {
    /// Counts from 1, separately in each direction of each handover.
    package var sequence: Int
    package var type: NoticeType
    package var epoch: Epoch
    package var at: Timestamp
    package private(set) var facts: [String: String]

    /// In Unicode scalars. Facts end up in an audit trail that cannot forget them, and travel in a request of bounded size.
    package static let longestFact = 1000

    /// Whatever stands in `facts` is cut to `longestFact` and made printable.
    package init(sequence: Int, type: NoticeType, epoch: Epoch, at: Timestamp, facts: [String: String] = [:]) {
        self.sequence = sequence
        self.type = type
        self.epoch = epoch
        self.at = at
        self.facts = facts.mapValues { $0.printable(upTo: Self.longestFact) }
    }
}

/// The answer to the sender of a notice.
package enum NoticeAnswer: Hashable, Sendable {
    /// Taken in now; 200.
    case accepted
    /// Taken in before; 200.
    case duplicate
    /// Numbers are missing before this one, or this party is not ready for it; 409, to be sent again from `last + 1`.
    case gap(last: Int)
    /// Counted, but this party's state forbids it; 409, and not to be sent again.
    case refused(HandoverRefusal)
}

/// The numbers of the notices sent and received in one handover.
package struct NoticeLedger: Hashable, Sendable, Codable {
    package private(set) var sent = 0
    package private(set) var received = 0
    /// Numbers that were refused: a repetition must not be told otherwise.
    package private(set) var refused: [Int] = []

    /// A peer that obeys the protocol is refused a few times at most. Beyond this many, what is refused is not counted, so
    /// that it leaves no entry in the record and none in the audit trail.
    package static let mostRefused = 32

    package init() {}

    mutating func number() -> Int {
        sent += 1
        return sent
    }

    /// - Parameter sequence: the number of the last notice that the other party says it has.
    /// - Returns: the same, as far as it can be true.
    package func acknowledged(_ sequence: Int) -> Int { min(sequence, sent) }

    var isFull: Bool { refused.count >= Self.mostRefused }

    mutating func take(_ notice: HandoverNotice, refusing: Bool) {
        received = notice.sequence
        if refusing { refused.append(notice.sequence) }
    }

    /// `nil` when the notice is the next one.
    func verdict(on notice: HandoverNotice, refusal: HandoverRefusal) -> NoticeAnswer? {
        if notice.sequence == received + 1 { return nil }
        if notice.sequence > received { return .gap(last: received) }
        return refused.contains(notice.sequence) ? .refused(refusal) : .duplicate
    }
}
