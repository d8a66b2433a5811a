public import Vocabulary

/// Where an agent is, as far as this server knows.
public enum Presence: Hashable, Sendable {
    case live
    /// It has a session, but no message came within twice its heartbeat.
    case stale
    case offline
    /// Redeemed here and not yet committed to this server.
    case arriving
    case movedToPeer(PeerID, name: String)
    /// A handover to here that came to nothing.
    case withdrawn

    /// The agent is this server's.
    public var isHere: Bool {
        switch self {
        case .live, .stale, .offline, .arriving: true
        case .movedToPeer, .withdrawn: false
        }
    }

    /// For JSON and queries.
    public var code: String {
        switch self {
        case .live: "live"
        case .stale: "stale"
        case .offline: "offline"
        case .arriving: "arriving"
        case .movedToPeer: "moved-to-peer"
        case .withdrawn: "withdrawn"
        }
    }

    /// As an operator reads it.
    public var text: String {
        switch self {
        case .movedToPeer(_, let name): "MovedToPeer \(name)"
        case .live, .stale, .offline, .arriving, .withdrawn: code
        }
    }
}
