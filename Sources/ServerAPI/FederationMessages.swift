package import Vocabulary

/// What `trust-bundle` answers, and what is announced there: a signed statement, type `trust-bundle+jwt`.
package struct TrustBundle: Codable, Hashable, Sendable {
    package var statement: String
    /// Which of the caller's certificates was pasted here last.
    package var pinned: Fingerprint?

    package init(statement: String, pinned: Fingerprint? = nil) {
        self.statement = statement
        self.pinned = pinned
    }
}

/// Which of the sender's statements the receiver holds now.
package struct TrustReceipt: Codable, Hashable, Sendable {
    package var version: Int64

    package init(version: Int64) {
        self.version = version
    }
}

/// A target claims a token at its source. Repeated with the same redemption it is the same claim.
package struct RedemptionRequest: Codable, Hashable, Sendable {
    package var redemption: RedemptionID
    /// SHA-256 over the token's text form, lower-case hex.
    package var tokenSHA256: String

    package init(redemption: RedemptionID, tokenSHA256: String) {
        self.redemption = redemption
        self.tokenSHA256 = tokenSHA256
    }
}

/// What one party tells the other of a handover.
package struct HandoverStatus: Codable, Hashable, Sendable {
    package var handover: HandoverID
    package var phase: OpenWord<HandoverPhase>
    package var epoch: Epoch
    package var redemption: RedemptionID?
    /// The number of the last notice taken in from the party that asks.
    package var lastSequence: Int
    /// In the answer to a redemption: what waits to be told to the party that asks. It is sent again until it is
    /// acknowledged.
    package var notices: [NoticeMessage]?

    package init(
        handover: HandoverID,
        phase: OpenWord<HandoverPhase>,
        epoch: Epoch,
        redemption: RedemptionID? = nil,
        lastSequence: Int,
        notices: [NoticeMessage]? = nil
    ) {
        self.handover = handover
        self.phase = phase
        self.epoch = epoch
        self.redemption = redemption
        self.lastSequence = lastSequence
        self.notices = notices
    }
}

/// What one party of a handover tells the other in one call.
package struct NoticeBatch: Codable, Hashable, Sendable {
    /// In order, none missing between them.
    package var notices: [NoticeMessage]
    /// The number of the last notice taken in from the receiver, which it need not send again.
    package var received: Int

    package init(_ notices: [NoticeMessage], received: Int) {
        self.notices = notices
        self.received = received
    }
}

/// One notice from one party of a handover to the other.
package struct NoticeMessage: Codable, Hashable, Sendable {
    /// 1 for the first from this party.
    package var sequence: Int
    package var type: OpenWord<NoticeType>
    package var epoch: Epoch
    package var at: Timestamp
    package var facts: [String: String]

    package init(sequence: Int, type: OpenWord<NoticeType>, epoch: Epoch, at: Timestamp, facts: [String: String] = [:])
    {
        self.sequence = sequence
        self.type = type
        self.epoch = epoch
        self.at = at
        self.facts = facts
    }

    enum CodingKeys: String, CodingKey {
        case sequence = "seq"
        case type, epoch, at, facts
    }
}

/// The answer to notices that were taken in, now or before.
package struct NoticeReceipt: Codable, Hashable, Sendable {
    package var lastSequence: Int
    package var phase: OpenWord<HandoverPhase>

    package init(lastSequence: Int, phase: OpenWord<HandoverPhase>) {
        self.lastSequence = lastSequence
        self.phase = phase
    }
}
