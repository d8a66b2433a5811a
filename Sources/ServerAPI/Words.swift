/// Where an agent is, as its row tells.
package enum AgentPresence: String, Codable, Hashable, Sendable, CaseIterable {
    case live, stale, offline, arriving, withdrawn
    case movedToPeer = "moved-to-peer"
}

/// Where a handover is, on its source or on its target.
package enum HandoverPhase: String, Hashable, Sendable, CaseIterable {
    // On the source
    case issued, redeemed, offered, leaving, moved, expired, cancelled, returned
    // On the target
    case previewed, redeeming, awaiting, connected, arrived, lapsed, withdrawn
    // On both
    case settled
}

/// Which of the two secrets between this server and a peer.
package enum SecretDirection: String, Codable, Hashable, Sendable, CaseIterable {
    /// The peer presents it to this server.
    case inbound
    /// This server presents it to the peer.
    case outbound
}

/// What an offer contains of the agent's leaf.
package enum CertificateChoice: String, Codable, Hashable, Sendable, CaseIterable {
    /// The leaf without a key: keep what you hold.
    case `repeat`
    /// No certificate at all, for agents that refuse a repeated one.
    case omit
}
