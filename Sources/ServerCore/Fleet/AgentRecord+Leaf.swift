package import Certificates
package import Vocabulary

// Which leaf is the agent's: protocol section 2.7.
extension AgentRecord {
    /// How long the previous leaf is accepted after the agent has used the new one.
    package static let renewalOverlap = Duration.seconds(24 * 3600)

    /// Whether this leaf speaks for the agent. An agent that was never seen may come with whichever leaf admission
    /// accepts.
    package func honours(_ presented: Fingerprint, at now: Timestamp) -> Bool {
        guard let fingerprint, presented != fingerprint, presented != pendingLeaf?.fingerprint else { return true }
        return presented == previousLeaf && previousLeafUntil.map { now < $0 } ?? false
    }

    /// A host without a leaf got this one with a bootstrap token; its previous leaf is linked and not accepted.
    package mutating func enrols(with issued: Certificate) {
        previousLeaf = fingerprint ?? previousLeaf
        (pendingLeaf, previousLeafUntil) = (nil, nil)
        leaf = issued
    }

    /// The agent sent a message over a connection that this accepted leaf opened.
    ///
    /// - Parameter hasStayed: it continued after the first answer. Before that it may only try a new leaf, and may
    ///   return to the previous one.
    package mutating func seen(with presented: Certificate, hasStayed: Bool, at now: Timestamp) {
        if leaf == nil { leaf = presented }
        guard hasStayed, presented != leaf else { return }
        if presented == pendingLeaf {
            (previousLeaf, previousLeafUntil) = (fingerprint, now + Self.renewalOverlap)
            (leaf, pendingLeaf) = (presented, nil)
        } else if presented.fingerprint == previousLeaf {
            // It has gone back to this one, and a token has to name what it presents. The other is issued and waits, and has a
            // day even if this host refuses it: a copy may have taken to it.
            (previousLeaf, previousLeafUntil) = (fingerprint, now + Self.renewalOverlap)
            (leaf, pendingLeaf) = (presented, leaf)
        }
    }

    /// The agent reports that its settings with this leaf failed, over a connection that an accepted leaf opened. It also
    /// goes back to the previous leaf when it has used the new one already, because the server was lost in the
    /// probation; it does not try the same leaf twice.
    package mutating func refuses(_ leaf: Certificate, presenting presented: Certificate, at now: Timestamp) {
        if leaf == pendingLeaf { pendingLeaf = nil }
        guard leaf == self.leaf, presented.fingerprint == previousLeaf else { return }
        // A copy of the host may have taken to it.
        (previousLeaf, previousLeafUntil) = (leaf.fingerprint, now + Self.renewalOverlap)
        self.leaf = presented
    }

    /// The agent arrived through a handover with the leaf that its token names. It may have received another leaf on
    /// the peer; later tokens must be bound to this one.
    package mutating func arrives(with presented: Certificate) {
        pendingLeaf = nil
        guard presented.fingerprint != fingerprint else { return }
        previousLeaf = fingerprint ?? previousLeaf
        previousLeafUntil = nil
        leaf = presented
    }
}
