import OpAMPProto
package import Vocabulary

/// Where an agent is, as far as this server knows.
package enum Presence: Hashable, Sendable {
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
    package var isHere: Bool {
        switch self {
        case .live, .stale, .offline, .arriving: true
        case .movedToPeer, .withdrawn: false
        }
    }

    /// Only a session tells these apart; a row says one of them, and need not say the right one.
    var dependsOnSession: Bool {
        switch self {
        case .live, .stale, .offline: true
        case .arriving, .movedToPeer, .withdrawn: false
        }
    }

    /// For JSON and queries.
    package var code: String {
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
    package var text: String {
        switch self {
        case .movedToPeer(_, let name): "MovedToPeer \(name)"
        case .live, .stale, .offline, .arriving, .withdrawn: code
        }
    }
}

extension AgentRecord {
    /// Whether the two differ at most by what only a session can tell: that the agent is there, and when it was heard. No
    /// row is saved for that alone.
    package func isSavedLike(_ other: AgentRecord) -> Bool {
        var alike = self
        alike.lastSeen = other.lastSeen
        if presence.dependsOnSession, other.presence.dependsOnSession { alike.presence = other.presence }
        return alike == other
    }

    /// Twice the heartbeat that the specification recommends; an agent that speaks less often has twice its own interval.
    package static let staleAfter = Duration.seconds(60)

    /// The row's presence as anybody is shown it: whether an agent is there only its session can tell.
    package func shownPresence(
        in session: (memory: SessionMemory, transport: AgentTransport)?, at now: Timestamp
    ) -> Presence {
        switch presence {
        case .arriving, .movedToPeer, .withdrawn: return presence
        case .live, .stale, .offline:
            guard let (memory, transport) = session else { return .offline }
            // An agent without heartbeats owes no message; the connection itself is looked after with pings.
            if transport == .webSocket, !capabilities.contains(.reportsHeartbeat) { return .live }
            let allowedSilence = max(Self.staleAfter, (memory.interval ?? .zero) * 2)
            return now - memory.lastHeard > allowedSilence ? .stale : .live
        }
    }
}
