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
    /// Offers that an agent has tried in vain, and durably said so.
    var failedOffers: [Offer: FailedOffer] = [:]
    /// Handovers whose arrival the target has saved.
    var arrived: Set<HandoverID> = []
    /// For whom a source has honoured a token.
    var honoured: [HandoverID: Set<RedemptionID>] = [:]
    /// The highest epoch by which an agent has arrived anywhere.
    var epochs: [InstanceUID: Epoch] = [:]
    /// Whose every leaf is that was ever issued.
    var leaves: [Fingerprint: Int] = [:]
    /// Agents of which there was more than one state: a second host, or an older image of the only one.
    var copied: Set<Int> = []
    /// Agents whose leaf an operator has revoked.
    var revoked: Set<Int> = []
    /// The last leaf that any host of an agent has made its own.
    var newestLeaf: [Int: Fingerprint] = [:]
}

/// As the documentation of this project numbers them. T10 is also that the world comes to rest, T11 that copies of an
/// agent are noticed.
enum Invariant: String, CaseIterable, Sendable {
    case A1, A2, A3, A4, A5, A6, A7, A8
    case T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11
}
