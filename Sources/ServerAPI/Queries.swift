/// Query parameter names of the lists, in one place.
package enum QueryNames {
    /// Text to look for in display name, instance uid, fingerprint and attributes.
    package static let query = "query"
    /// A peer's name: `agents` answers with that peer's agents only; `*` for all peers beside the local ones.
    package static let peer = "peer"
    package static let group = "group"
    package static let presence = "presence"
    package static let limit = "limit"
    package static let cursor = "cursor"
    /// An agent's row or, in federation calls, its leaf's fingerprint.
    package static let agent = "agent"
    package static let action = "action"
    package static let handover = "handover"
    /// `true`: only handovers that have not ended.
    package static let open = "open"

    /// `true`: what waits for the peer that is removed is dropped.
    package static let dropMessages = "dropMessages"

    /// Of `trust-bundle`: fingerprints of the signers that the caller has recorded, separated by commas.
    package static let signers = "signers"

    package static let defaultLimit = 100
    package static let largestLimit = 1000
}
