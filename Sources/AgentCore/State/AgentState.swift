public import OpAMPProto
public import Vocabulary

/// What survives the process: one file, replaced as a whole.
///
/// Invariant: `active` names a server this agent has verified, once it ever had one.
public struct AgentState: Equatable, Sendable {
    public var instanceUID: InstanceUID
    /// It is temporary: a server has yet to give the agent one.
    public var awaitsInstanceUID = false
    public var active: ServerSettings
    /// Kept from an adoption until the move has settled.
    public var previous: ServerSettings?
    /// Saved but unproven; there while a move is under way.
    public var candidate: Candidate?
    public var standby: StandbyGrant?
    public var probation: Probation?
    /// Of the last offer that got a verdict; reported in every full report.
    public var verdict: Verdict?
    /// What became of the last offers, each by its hash, oldest first, at most `AgentState.verdictLimit`: a history for people,
    /// by which nothing is decided.
    public var verdicts: [Verdict] = []
    /// Offers that were tried in vain, oldest first, at most `AgentState.failedOfferLimit`.
    public var failedOffers: [FailedOffer] = []
    /// The host's part of an offer. It is there until the host has answered, and is not asked before the OpAMP part is in force.
    public var hostOffer: HostOffer?
    public var epoch: Epoch = 0
    /// The `jti` of the handover that brought the agent where it is.
    public var handoverID: HandoverID?
    /// Wall-clock times of the last adoptions; bounds ping-pong.
    public var adoptions: [Timestamp] = []
    public var remoteConfigStatus: RemoteConfigStatus?
    /// Configurations that were tried in vain, oldest first, at most `AgentState.failedOfferLimit`.
    public var failedConfigurations: [FailedConfiguration] = []
    /// Something offered was adopted, be it a leaf or a heartbeat: the configuration file no longer decides about the
    /// connection. It need not have been a move.
    public var hasAdopted = false
    /// A connection with the leaf of an enrollment was accepted: the bootstrap token has done its work.
    public var isEnrolled = false
    /// The leaf of an enrollment, from its save until a connection with it is accepted.
    public var unprovenLeaf: UnprovenLeaf?
    /// `AgentConfiguration.digest` at the first start.
    public var configurationDigest: [UInt8]

    public static let verdictLimit = 16
    public static let failedOfferLimit = 16
    /// Of one server's settings in the file; four of them always fit what is read back.
    static let homeBytes = Limits.pemBytes + 256 * 1024

    /// Something other than the configuration file may say where this agent belongs. A leaf or a heartbeat of the same
    /// server is no move.
    public var hasMoved: Bool { handoverID != nil || !adoptions.isEmpty }

    /// The state of an agent that has never run.
    ///
    /// - Parameter instanceUID: from the configuration file, or a new version 7 UUID, which may be temporary.
    public init(instanceUID: InstanceUID, configuration: AgentConfiguration) {
        self.instanceUID = instanceUID
        awaitsInstanceUID = configuration.requestsInstanceUID
        active = configuration.server
        configurationDigest = configuration.digest
    }
}

/// The answer that an offer got. It is true of the moment it was given in: an offer that comes again is judged again.
public struct Verdict: Hashable, Sendable {
    public enum Outcome: Hashable, Sendable {
        case applied
        /// The text begins with the code of the cause.
        case failed(MoveCause, message: String)
    }

    /// The offer's hash; for an offer without one, a digest that the agent computes and never reports.
    public var hash: OfferHash
    public var outcome: Outcome
    /// What ends the failure, where that is known better than from its cause.
    public var next: String?

    public init(hash: OfferHash, outcome: Outcome, next: String? = nil) {
        self.hash = hash
        self.outcome = outcome
        self.next = next
    }

    /// For an operator; `nil` for an offer that is applied.
    public var nextAction: String? {
        switch outcome {
        case .applied: nil
        case .failed(let cause, _): next ?? cause.nextAction
        }
    }
}

/// An offer that was tried in vain. The server that repeats it gets the same answer; it is tried again only where what made
/// it fail may have passed, and after a wait.
public struct FailedOffer: Hashable, Sendable {
    /// Of the server that made the offer: hashes of another server are other offers.
    public var origin: String
    /// `failed`, with a hash that the server gave.
    public var verdict: Verdict
    /// How often it was tried in vain, from 1.
    public var failures: Int
    /// Wall clock, of the last time.
    public var at: Timestamp

    public init(origin: String, verdict: Verdict, failures: Int, at: Timestamp) {
        self.origin = origin
        self.verdict = verdict
        self.failures = failures
        self.at = at
    }

    public var cause: MoveCause? {
        guard case .failed(let cause, _) = verdict.outcome else { return nil }
        return cause
    }

    /// How long its verdict stands; `nil` when only another offer can change it. Doubles with each failure.
    func standing(_ timings: AgentTimings) -> Duration? {
        guard cause?.mayPass == true else { return nil }
        return timings.standing(after: failures)
    }

    func stands(at now: Timestamp, _ timings: AgentTimings) -> Bool {
        standing(timings).map { at.isWithin($0, of: now) } ?? true
    }
}

/// What an offer says about connections that are the host program's.
public struct HostOffer: Equatable, Sendable {
    public var hash: OfferHash
    /// Of the server that made the offer.
    public var origin: String
    /// The offer had an OpAMP part as well.
    public var hasOpAMPPart: Bool
    /// Without the OpAMP part, and without what the host does not take.
    public var offers: ConnectionSettingsOffers

    public init(hash: OfferHash, origin: String, hasOpAMPPart: Bool, offers: ConnectionSettingsOffers) {
        self.hash = hash
        self.origin = origin
        self.hasOpAMPPart = hasOpAMPPart
        self.offers = offers
    }
}

/// A remote configuration that was tried in vain. The server that repeats it gets the same answer.
public struct FailedConfiguration: Hashable, Sendable {
    /// Of the server that offered it.
    public var origin: String
    public var hash: [UInt8]
    /// What the server was told.
    public var message: String
    /// Whether the same configuration may be good later: it is tried again then, if its server still offers it.
    public var mayPass: Bool
    /// How often it was tried in vain, from 1.
    public var failures: Int
    /// Wall clock, of the last time.
    public var at: Timestamp

    public init(origin: String, hash: [UInt8], message: String, mayPass: Bool, failures: Int, at: Timestamp) {
        self.origin = origin
        self.hash = hash
        self.message = message
        self.mayPass = mayPass
        self.failures = failures
        self.at = at
    }

    var status: RemoteConfigStatus {
        RemoteConfigStatus(lastRemoteConfigHash: hash, status: .failed, errorMessage: message)
    }

    func stands(at now: Timestamp, _ timings: AgentTimings) -> Bool {
        !mayPass || at.isWithin(timings.standing(after: failures), of: now)
    }
}

/// What an offer is remembered by.
public enum OfferHash: Hashable, Sendable {
    /// The server's, 1 to `OfferHash.longest` bytes.
    case named([UInt8])
    /// SHA-256 over an offer that came without a hash.
    case unnamed(digest: [UInt8])

    public static let longest = 64

    /// What may be reported to a server.
    public var reported: [UInt8]? {
        switch self {
        case .named(let bytes): bytes
        case .unnamed: nil
        }
    }
}

/// Settings the agent has set out to prove.
public struct Candidate: Equatable, Sendable {
    public enum Origin: Equatable, Sendable {
        case offer(HandoverFacts?)
        /// The standby grant, used because the active server was unreachable.
        case standby(HandoverFacts)
        /// The previous settings, tried because the new server was lost for a whole probation.
        case probation
    }

    public var origin: Origin
    public var server: ServerSettings
    public var hash: OfferHash
    /// Processes that tried it, the present one included.
    public var attempts: Int
    /// Wall clock; decides only after a restart, and never for longer than a verification lasts.
    public var until: Timestamp

    public init(origin: Origin, server: ServerSettings, hash: OfferHash, attempts: Int, until: Timestamp) {
        self.origin = origin
        self.server = server
        self.hash = hash
        self.attempts = attempts
        self.until = until
    }

    var isStandby: Bool {
        if case .standby = origin { true } else { false }
    }

    /// The third restart drops a candidate.
    public static let attemptLimit = 3

    public var handover: HandoverFacts? {
        switch origin {
        case .offer(let facts): facts
        case .standby(let facts): facts
        case .probation: nil
        }
    }
}

/// Says that the active leaf comes from an enrollment and that no server has accepted it yet. It is presented, and the bootstrap
/// token is not; a server that refuses it makes the agent use the token again.
public struct UnprovenLeaf: Equatable, Sendable {
    /// The offer that brought it.
    public var offer: OfferHash
    /// The leaf in whose place it is, for an agent that enrolls anew.
    public var former: LeafChain?
    /// `AgentState.hasAdopted` before.
    public var hadAdopted: Bool

    public init(offer: OfferHash, former: LeafChain?, hadAdopted: Bool) {
        self.offer = offer
        self.former = former
        self.hadAdopted = hadAdopted
    }
}

/// What a checked handover token adds to an offer.
public struct HandoverFacts: Hashable, Sendable {
    public var id: HandoverID
    public var epoch: Epoch
    public var probation: Duration

    public init(id: HandoverID, epoch: Epoch, probation: Duration) {
        self.id = id
        self.epoch = epoch
        self.probation = probation
    }
}

/// The time after an adoption in which the way back is kept.
public struct Probation: Hashable, Sendable {
    public var hash: OfferHash
    public var length: Duration
    /// Wall clock; decides only how much is left after a restart.
    public var until: Timestamp
    /// It was a handover with a token, which binds the agent's identity until it has settled.
    public var isHandover: Bool

    public init(hash: OfferHash, length: Duration, until: Timestamp, isHandover: Bool) {
        self.hash = hash
        self.length = length
        self.until = until
        self.isHandover = isHandover
    }
}
