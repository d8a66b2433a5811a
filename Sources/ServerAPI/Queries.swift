/// Query parameter names of the lists, in one place.
public enum QueryNames {
    /// Text to look for in display name, instance uid, fingerprint and attributes.
    public static let query = "query"
    /// A peer's name: `agents` answers with that peer's agents only; `*` for all peers beside the local ones.
    public static let peer = "peer"
    public static let group = "group"
    public static let presence = "presence"
    public static let limit = "limit"
    public static let cursor = "cursor"
    /// An agent's row or, in federation calls, its leaf's fingerprint.
    public static let agent = "agent"
    public static let action = "action"
    public static let handover = "handover"
    /// `true`: only handovers that have not ended.
    public static let open = "open"

    /// `true`: what waits for the peer that is removed is dropped.
    public static let dropMessages = "dropMessages"

    /// Of `trust-bundle`: fingerprints of the signers that the caller has recorded, separated by commas.
    public static let signers = "signers"

    public static let defaultLimit = 100
    public static let largestLimit = 1000
}
