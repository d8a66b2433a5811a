public import Certificates
public import Vocabulary

// Which leaf is the agent's: protocol section 2.7.
extension AgentRecord {
    /// How long the previous leaf is honoured from the time at which the agent has shown the new one.
    public static let renewalOverlap = Duration.seconds(24 * 3600)

    /// Whether this leaf speaks for the agent. An agent that was never seen may come with whichever leaf admission
    /// accepts.
    public func honours(_ presented: Fingerprint, at now: Timestamp) -> Bool {
        guard let fingerprint, presented != fingerprint, presented != pendingLeaf?.fingerprint else { return true }
        return presented == previousLeaf && previousLeafUntil.map { now < $0 } ?? false
    }

    /// A host without a leaf got this one with a bootstrap token; the one that it had before is linked and not honoured.
    public mutating func enrols(with issued: Certificate) {
        previousLeaf = fingerprint ?? previousLeaf
        (pendingLeaf, previousLeafUntil) = (nil, nil)
        leaf = issued
    }

    /// The agent spoke over a connection that this honoured leaf opened.
    ///
    /// - Parameter hasStayed: it went on after the first answer. Before that it may only be trying a new leaf, and may
    ///   have to go back to the previous one.
    public mutating func seen(with presented: Certificate, hasStayed: Bool, at now: Timestamp) {
        if leaf == nil { leaf = presented }
        guard hasStayed, presented == pendingLeaf, presented != leaf else { return }
        (previousLeaf, previousLeafUntil) = (fingerprint, now + Self.renewalOverlap)
        (leaf, pendingLeaf) = (presented, nil)
    }

    /// The agent came by a handover with the leaf that its token names. Where it was it may have got another one than
    /// it left with, and this is the one that later tokens must be bound to.
    public mutating func arrives(with presented: Certificate) {
        pendingLeaf = nil
        guard presented.fingerprint != fingerprint else { return }
        previousLeaf = fingerprint ?? previousLeaf
        previousLeafUntil = nil
        leaf = presented
    }
}
