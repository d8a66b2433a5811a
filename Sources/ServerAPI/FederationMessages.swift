public import Vocabulary

/// What `trust-bundle` answers, and what is announced there: a signed statement, type `trust-bundle+jwt`.
public struct TrustBundle: Codable, Hashable, Sendable {
    public var statement: String
    /// Which of the caller's certificates was pasted here last.
    public var pinned: Fingerprint?

    public init(statement: String, pinned: Fingerprint? = nil) {
        self.statement = statement
        self.pinned = pinned
    }
}

/// Which of the sender's statements the receiver holds now.
public struct TrustReceipt: Codable, Hashable, Sendable {
    public var version: Int64

    public init(version: Int64) {
        self.version = version
    }
}

/// A target claims a token at its source. Repeated with the same redemption it is the same claim.
public struct RedemptionRequest: Codable, Hashable, Sendable {
    public var redemption: RedemptionID
    /// SHA-256 over the token's text form, lower-case hex.
    public var tokenSHA256: String

    public init(redemption: RedemptionID, tokenSHA256: String) {
        self.redemption = redemption
        self.tokenSHA256 = tokenSHA256
    }
}

/// What one party tells the other of a handover.
public struct HandoverStatus: Codable, Hashable, Sendable {
    public var handover: HandoverID
    public var phase: String
    public var epoch: Epoch
    public var redemption: RedemptionID?
    /// The number of the last event taken in from the party that asks.
    public var lastSequence: Int

    public init(
        handover: HandoverID,
        phase: String,
        epoch: Epoch,
        redemption: RedemptionID? = nil,
        lastSequence: Int
    ) {
        self.handover = handover
        self.phase = phase
        self.epoch = epoch
        self.redemption = redemption
        self.lastSequence = lastSequence
    }
}

/// One event from one party of a handover to the other.
public struct NoticeMessage: Codable, Hashable, Sendable {
    /// 1 for the first from this party.
    public var sequence: Int
    public var type: String
    public var epoch: Epoch
    public var at: Timestamp
    public var facts: [String: String]

    public init(sequence: Int, type: String, epoch: Epoch, at: Timestamp, facts: [String: String] = [:]) {
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

/// The answer to an event that was taken in, now or before.
public struct NoticeReceipt: Codable, Hashable, Sendable {
    public var lastSequence: Int
    public var phase: String

    public init(lastSequence: Int, phase: String) {
        self.lastSequence = lastSequence
        self.phase = phase
    }
}
