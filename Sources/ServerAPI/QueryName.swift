/// A parameter in the query of a route.
package enum QueryName: String, CaseIterable, Hashable, Sendable {
    /// Text to look for in display name, instance uid, fingerprint and attributes.
    case query
    /// A peer's name: its agents, or the handovers with it.
    case peer
    case group
    case presence
    case limit
    case cursor
    /// An agent's row or its leaf's fingerprint; in federation calls the fingerprint.
    case agent
    case action
    case handover
    /// `true`: only handovers that have not ended.
    case open
    /// `true`: messages that wait for the removed peer are dropped.
    case dropMessages
    /// Fingerprints of the signers that the caller has recorded, separated by commas.
    case signers
}

/// How many items a page has.
package enum PageLimit {
    package static let usual = 100
    package static let largest = 1000
}
