import AgentCore
import HandoverToken
import ServerCore
import Vocabulary

/// What really happened, as only the world can know; the parties never see it.
struct Truth {
    struct Commitment: Hashable {
        var agent: Int
        var server: PeerID
    }

    struct Offer: Hashable {
        var host: Int
        var hash: OfferHash
    }

    struct Contact: Hashable {
        var host: Int
        var endpoint: Endpoint
    }

    /// Agents that have made a server their own, durably.
    var committed: Set<Commitment> = []
    /// Servers that have answered an agent without an error.
    var verified: Set<Contact> = []
    /// Offers that an agent has given its durable no.
    var failedOffers: Set<Offer> = []
    /// Handovers whose arrival the target has saved.
    var arrived: Set<HandoverID> = []
    /// For whom a source has honoured a token.
    var honoured: [HandoverID: Set<RedemptionID>] = [:]
    /// The highest epoch by which an agent has arrived anywhere.
    var epochs: [InstanceUID: Epoch] = [:]
    /// Whose every leaf is that was ever issued.
    var leaves: [Fingerprint: Int] = [:]
    /// Agents of which there was more than one host.
    var copied: Set<Int> = []
    /// Agents whose leaf an operator has revoked.
    var revoked: Set<Int> = []
    /// The last leaf that any host of an agent has made its own.
    var newestLeaf: [Int: Fingerprint] = [:]
}

/// A rule that the world around the machines breaks on purpose, to prove that the checks see it.
enum BrokenRule: String, CaseIterable, Sendable {
    /// The target shows the agent live as soon as it connects.
    case liveAtConnect
    /// The agent's shell acts on a step without having saved it.
    case adoptedWithoutSave
    /// The agent's shell loses the verdicts it should remember.
    case forgottenVerdicts
    /// The source honours a second redemption.
    case redeemedTwice
    /// The source gives the agent away when the offer goes out.
    case movedAtOffer
    /// State is saved, and its rows sometimes are not.
    case rowsOutsideTransaction
    /// State is saved, and its audit entries sometimes are not.
    case forgottenAudit
    /// State is saved, and its notices sometimes are not.
    case forgottenNotices
    /// A handover is issued with the epoch of the one before.
    case repeatedEpoch
    /// A target takes any leaf that the source's CA has signed.
    case anyLeafOfTheSource

    /// The checks that may be the first to see it.
    var seenBy: Set<Invariant> {
        switch self {
        case .liveAtConnect: [.T5]
        case .adoptedWithoutSave: [.A2]
        case .forgottenVerdicts: [.A7]
        case .redeemedTwice: [.T1]
        case .movedAtOffer: [.T6]
        case .rowsOutsideTransaction: [.T1, .T5, .T6, .T8, .T10]
        case .forgottenAudit: [.T8]
        case .forgottenNotices: [.T5, .T10]
        case .repeatedEpoch: [.T4]
        case .anyLeafOfTheSource: [.T3]
        }
    }
}

/// As the documentation of this project numbers them. T10 is also that the world comes to rest, T11 that copies of an
/// agent are noticed.
enum Invariant: String, CaseIterable, Sendable {
    case A1, A2, A3, A4, A5, A6, A7, A8
    case T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11
}
