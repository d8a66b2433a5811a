public import Certificates
public import Vocabulary

// Which leaf is the agent's: protocol section 2.7.
extension AgentRecord {
    /// How long the leaf before is honoured after the renewal, unless the new one is seen earlier.
    public static let renewalOverlap = Duration.seconds(24 * 3600)

    /// Whether this leaf speaks for the agent. An agent that was never seen may come with whichever leaf admission
    /// accepts.
    public func honours(_ presented: Fingerprint, at now: Timestamp) -> Bool {
        guard let fingerprint, presented != fingerprint else { return true }
        return presented == previousLeaf && previousLeafUntil.map { now < $0 } ?? false
    }

    /// A host without a leaf got this one with a bootstrap token; the one that it had before is linked and not honoured.
    public mutating func enrols(with issued: Certificate) {
        previousLeaf = fingerprint ?? previousLeaf
        previousLeafUntil = nil
        leaf = issued
    }

    /// A new leaf was issued over a connection that `presented` opened. A token bound to that one is stale from now on.
    public mutating func renew(_ renewed: Certificate, over presented: Fingerprint, at now: Timestamp) {
        // When the last answer was lost and another key asks, the day still counts from the first.
        if previousLeaf != presented || previousLeafUntil == nil { previousLeafUntil = now + Self.renewalOverlap }
        previousLeaf = presented
        leaf = renewed
    }

    /// The agent spoke over a connection that this honoured leaf opened. Once it has kept to the new one, the one before
    /// is over.
    ///
    /// - Parameter hasStayed: it went on after the first answer. Before that it may only be trying the new leaf, and
    ///   may have to go back to the one before.
    public mutating func seen(with presented: Certificate, hasStayed: Bool) {
        if leaf == nil { leaf = presented }
        if hasStayed, presented.fingerprint == fingerprint { previousLeafUntil = nil }
    }

    /// The agent tried the new leaf and went back to this one. It does not try the same offer twice, so that with the
    /// end of the day it would have none.
    public mutating func keeps(_ presented: Certificate) {
        guard previousLeafUntil != nil, presented.fingerprint == previousLeaf else { return }
        (leaf, previousLeaf, previousLeafUntil) = (presented, nil, nil)
    }

    /// The agent came by a handover with the leaf that its token names. Where it was it may have got another one than
    /// it left with, and this is the one that later tokens must be bound to.
    public mutating func arrives(with presented: Certificate) {
        guard presented.fingerprint != fingerprint else { return }
        previousLeaf = fingerprint ?? previousLeaf
        previousLeafUntil = nil
        leaf = presented
    }
}
